import { EvidenceError } from '../contract/evidence-error.ts'
import { looksLikeJsonOf, readJsonEvidence } from '../package/json-evidence.ts'

/** A bundle as nfkmattest writes it (`key_APPNAME_IDENT.att`): JSON, byte strings in URL-safe base64 with padding. */
export interface NshieldBundle {
  readonly root: string
  readonly cipherSuite: string
  /** Every other member, decoded. */
  readonly bytes: ReadonlyMap<NshieldField, Uint8Array>
  /** Names of members that are none of these. Nothing signs them and nothing here reads them. */
  readonly unknown: readonly string[]
}

/** Presence by Entrust's "Construction of the attestation bundle"; world fields are for persistent keys. */
const FIELDS = {
  pubkeydata: 'always',
  kcmsg: 'always',
  kcsig: 'always',
  modstatemsg: 'always',
  modstatesig: 'always',
  warrant: 'always',
  knsopub: 'world',
  hkm: 'world',
  hkmc: 'world',
  CertKMaKMCbKNSO: 'non-FIPS world',
  CertKMaKMCaKFIPSbKNSO: 'FIPS world',
  hkfips: 'FIPS world',
  hkre: 'recovery',
  hkra: 'recovery',
  CertKREaKRAbKNSO: 'recovery',
} as const
export type NshieldField = keyof typeof FIELDS

const isField = (name: string): name is NshieldField => Object.hasOwn(FIELDS, name)

const REMEDY = 'Pass the .att file that "nfkmattest bundle APPNAME IDENT" wrote.'
const unreadable = (what: string, cause?: unknown): EvidenceError =>
  new EvidenceError(`Could not read the nShield bundle: ${what}.`, REMEDY, cause)

/** Reads the JSON or its base64. Throws EvidenceError where it is no bundle: no JSON, a member missing or twice. */
export function readNshieldBundle(package_: Uint8Array): NshieldBundle {
  const members = readMembers(package_)
  const bytes = new Map<NshieldField, Uint8Array>()
  let root: string | undefined
  let cipherSuite: string | undefined
  const unknown: string[] = []
  for (const [name, value] of Object.entries(members)) {
    if (name !== 'root' && name !== 'ciphersuite' && !isField(name)) {
      unknown.push(name)
      continue
    }
    if (typeof value !== 'string') throw unreadable(`"${name}" is not a text`)
    if (name === 'root') root = value
    else if (name === 'ciphersuite') cipherSuite = value
    else bytes.set(name, decode(name, value))
  }
  for (const [name, presence] of Object.entries(FIELDS)) {
    if (presence === 'always' && isField(name) && !bytes.has(name)) throw unreadable(`"${name}" is missing`)
  }
  if (root === undefined) throw unreadable('"root" is missing')
  return { root, cipherSuite: cipherSuite ?? '', bytes, unknown }
}

function readMembers(package_: Uint8Array): object {
  const { value, text } = readJsonEvidence(package_, unreadable)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable('it is not a JSON object')
  // No genuine value has any.
  if (text.includes('\\')) throw unreadable('it contains escaped characters')
  return value
}

/** Unsigned text of the file as a check may print it: short, and with nothing in it that steers a terminal. */
export const shown = (text: string): string => `"${text.slice(0, 40).replace(/[^\x20-\x7e]/gu, '?')}"`

function decode(name: string, value: string): Uint8Array {
  const bytes = Buffer.from(value, 'base64url')
  // Only the one spelling of these bytes: URL-safe alphabet, padded.
  const canonical = bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
  if (canonical !== value) throw unreadable(`"${name}" is not URL-safe base64`)
  return bytes
}

/** An nShield bundle has these names in it and nothing else does. */
export const looksLikeNshield = (package_: Uint8Array): boolean => looksLikeJsonOf(package_, 'modstatemsg', 'kcmsg')
