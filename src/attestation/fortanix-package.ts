import { EvidenceError } from './evidence-error.ts'
import { repeatedMember } from './repeated-member.ts'

/** The reply of `POST /crypto/v1/keys/key_attestation`, certificates as DER. */
export interface FortanixPackage {
  /** The certificate over the attested key. */
  readonly statement: Uint8Array
  /** In any order; the root may be among them. */
  readonly authorityChain: readonly Uint8Array[]
}

const MAX_BYTES = 1 << 16
const MAX_CERTIFICATES = 8
const REMEDY =
  'Give the JSON of the key_attestation call (or key_attestation_<uuid>.json from the user interface) unchanged.'

const unreadable = (what: string, cause?: unknown): EvidenceError =>
  new EvidenceError(`Could not read the Fortanix key attestation: ${what}.`, REMEDY, cause)

/** Reads the JSON or its base64; members that we do not know are passed over. Throws EvidenceError where it is no such reply. */
export function readFortanixPackage(package_: Uint8Array): FortanixPackage {
  if (package_.length > MAX_BYTES) throw unreadable(`it has ${package_.length} bytes, more than ${MAX_BYTES}`)
  const text = fortanixText(package_)
  const reply = parse(text)
  const repeated = repeatedMember(text)
  if (repeated !== undefined) throw unreadable(`${JSON.stringify(repeated).slice(0, 40)} stands twice`)
  const chain = member(reply, 'authority_chain')
  const statement = member(reply, 'attestation_statement')
  if (!Array.isArray(chain)) throw unreadable('"authority_chain" is no list')
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

function fortanixText(package_: Uint8Array): string {
  const buffer = Buffer.from(package_.buffer, package_.byteOffset, package_.length)
  const text = buffer
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .trim()
  if (text.startsWith('{') || !/^[A-Za-z0-9+/\s]+={0,2}$/.test(text)) return text
  return Buffer.from(text, 'base64').toString('utf8').trim()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw unreadable('it is no JSON', error)
  }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
    throw unreadable(`"${name}" is missing`)
  return Object.entries(value).find(([key]) => key === name)?.[1]
}

function decode(value: unknown, name: string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'base64') : undefined
  if (bytes === undefined || bytes.length === 0 || bytes.toString('base64') !== value) {
    throw unreadable(`"${name}" is not base64`)
  }
  return bytes
}

/** Cheap look at the names that such a reply has. */
export function looksLikeFortanix(package_: Uint8Array): boolean {
  if (package_.length > MAX_BYTES) return false
  const text = fortanixText(package_)
  return text.startsWith('{') && text.includes('"attestation_statement"') && text.includes('"authority_chain"')
}
