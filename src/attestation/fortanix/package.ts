import { jsonMember } from '../../json-member.ts'
import { EvidenceError } from '../contract/evidence-error.ts'
import { looksLikeJsonOf, readJsonEvidence } from '../package/json-evidence.ts'

/** The reply of `POST /crypto/v1/keys/key_attestation`, certificates as DER. */
export interface FortanixPackage {
  /** The certificate over the attested key. */
  readonly statement: Uint8Array
  /** In any order; the root may be among them. */
  readonly authorityChain: readonly Uint8Array[]
}

const MAX_CERTIFICATES = 8
const REMEDY =
  'Pass the JSON of the key_attestation call (or key_attestation_<uuid>.json from the user interface) unchanged.'

const unreadable = (what: string, cause?: unknown): EvidenceError =>
  new EvidenceError(`Could not read the Fortanix key attestation: ${what}.`, REMEDY, cause)

/** Reads the JSON or its base64; members that we do not know are passed over. Throws EvidenceError where it is no such reply. */
export function readFortanixPackage(package_: Uint8Array): FortanixPackage {
  const { value: reply } = readJsonEvidence(package_, unreadable)
  const chain = member(reply, 'authority_chain')
  const statement = member(reply, 'attestation_statement')
  if (!Array.isArray(chain)) throw unreadable('"authority_chain" is not a list')
  if (chain.length > MAX_CERTIFICATES) throw unreadable(`"authority_chain" has ${chain.length} certificates`)
  const format = member(statement, 'format')
  if (format !== 'x509_certificate') {
    throw unreadable(`the statement's format is ${JSON.stringify(format)?.slice(0, 40)}, expected "x509_certificate"`)
  }
  return {
    statement: decode(member(statement, 'statement'), 'statement'),
    authorityChain: chain.map((item: unknown, index) => decode(item, `authority_chain[${index}]`)),
  }
}

function member(value: unknown, name: string): unknown {
  const found = jsonMember(value, name)
  if (found === undefined) throw unreadable(`"${name}" is missing`)
  return found
}

function decode(value: unknown, name: string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined
  if (bytes === undefined || bytes.length === 0 || bytes.toString('base64') !== value) {
    throw unreadable(`"${name}" is not base64`)
  }
  return bytes
}

export const looksLikeFortanix = (package_: Uint8Array): boolean =>
  looksLikeJsonOf(package_, 'attestation_statement', 'authority_chain')
