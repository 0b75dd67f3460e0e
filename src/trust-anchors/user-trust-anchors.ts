import { parseCertificate } from '../asn1/certificate.ts'
import { decodeText } from '../asn1/decode-text.ts'
import { TAG } from '../asn1/der.ts'
import { printName } from '../asn1/name.ts'
import { sameBytes } from '../asn1/octets.ts'
import { type PemBlock, readPem } from '../asn1/pem.ts'
import { readPublicNumbers } from '../asn1/public-numbers.ts'
import { EnrollError } from '../errors.ts'
import { type HsmType, isHsmType } from '../hsm-type.ts'
import { isoDay } from '../iso-day.ts'
import { jsonMember } from '../json-member.ts'
import { importKey } from '../primitives/primitives.ts'
import { sha256Hex } from '../sha256-hex.ts'
import type { TrustAnchor } from './trust-anchor.ts'

export const MAX_BYTES = 1 << 20
export const MAX_ANCHORS = 64

export const unreadableAnchors = (what: string, cause?: unknown): EnrollError =>
  new EnrollError('trust-anchors.unreadable', `Could not read the trust anchors: ${what}.`, {
    remedy:
      'Pass certificates or public keys in PEM, one certificate in DER, or the output of `hsm-enroll trust list --json`.',
    cause,
  })

/**
 * Reads anchors in plain forms: PEM certificates (self-signed or not), one in DER, bare PEM public keys, or the JSON that
 * `trust list --json` prints. `check/read` brings what people have into these.
 *
 * @throws EnrollError `trust-anchors.unreadable`, `asn1.pem`, `asn1.der`.
 */
export function readPlainTrustAnchors(
  input: string | Uint8Array,
  hsmTypes: readonly HsmType[],
): readonly TrustAnchor[] {
  if (input.length > MAX_BYTES) throw unreadableAnchors(`${input.length} characters are too many`)
  if (typeof input !== 'string' && input[0] === TAG.sequence) return [certificateAnchor(input, hsmTypes)]
  const text = typeof input === 'string' ? input : (decodeText(input)?.text ?? '')
  const trimmed = text.replace(/^\ufeff/, '').trim()
  const anchors = /^[[{]/.test(trimmed) ? readJson(trimmed, hsmTypes) : readPemAnchors(trimmed, hsmTypes)
  if (anchors.length === 0) throw unreadableAnchors('there is none in the file')
  if (anchors.length > MAX_ANCHORS) throw unreadableAnchors(`${anchors.length} are too many`)
  return anchors
}

function readPemAnchors(text: string, hsmTypes: readonly HsmType[]): readonly TrustAnchor[] {
  return readPem(text).map((block) => readBlock(block, hsmTypes))
}

function readBlock({ label, der }: PemBlock, hsmTypes: readonly HsmType[]): TrustAnchor {
  if (label.endsWith('CERTIFICATE')) return certificateAnchor(der, hsmTypes)
  if (label === 'PUBLIC KEY') return keyAnchor(der, hsmTypes)
  throw unreadableAnchors(`a block "${label}" is neither a certificate nor a public key`)
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const GIVEN = { source: 'given by the user', checked: 'by the user', origin: 'user' } as const

/** A certificate as anchor counts by name and key; its own signature is not looked at (RFC 5280 6.1.1 d). */
function certificateAnchor(der: Uint8Array, hsmTypes: readonly HsmType[]): TrustAnchor {
  const certificate = parseCertificate(der, { explicitCriticalFalse: true })
  return {
    name: printName(certificate.subject),
    hsmTypes,
    role: sameBytes(certificate.subject, certificate.issuer) ? 'root' : 'intermediate',
    subject: base64(certificate.subject),
    spki: base64(certificate.spki),
    spkiSha256: sha256Hex(certificate.spki),
    certificateSha256: [sha256Hex(der)],
    notBefore: isoDay(certificate.notBefore),
    notAfter: isoDay(certificate.notAfter),
    ...GIVEN,
  }
}

function keyAnchor(der: Uint8Array, hsmTypes: readonly HsmType[]): TrustAnchor {
  const spki = usableKey(der)
  const spkiSha256 = sha256Hex(spki)
  const name = `public key ${spkiSha256.slice(0, 16)}…`
  return { name, hsmTypes, role: 'root', spki: base64(spki), spkiSha256, certificateSha256: [], ...GIVEN }
}

/** Refuses what no evidence can be verified with, before it stands among the anchors. */
function usableKey(spki: Uint8Array): Uint8Array {
  const numbers = readPublicNumbers(spki)
  if (numbers === undefined || importKey(numbers, spki) === undefined)
    throw unreadableAnchors('a public key in it is malformed, or of a kind that signs no evidence')
  return spki
}

function readJson(text: string, hsmTypes: readonly HsmType[]): readonly TrustAnchor[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw unreadableAnchors('the JSON is damaged', error)
  }
  const list = Array.isArray(value) ? value : jsonMember(value, 'trustAnchors')
  if (!Array.isArray(list)) throw unreadableAnchors('the JSON holds no list of trust anchors')
  return list.map((entry: unknown) => readEntry(entry, hsmTypes))
}

function text(entry: unknown, name: string): string | undefined {
  const value = jsonMember(entry, name)
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw unreadableAnchors(`"${name}" of an entry is not text`)
  return value
}

function readEntry(entry: unknown, hsmTypes: readonly HsmType[]): TrustAnchor {
  const spki = usableKey(Buffer.from(text(entry, 'spki') ?? '', 'base64'))
  const spkiSha256 = sha256Hex(spki)
  const stated = text(entry, 'spkiSha256')
  if (stated !== undefined && stated.toLowerCase() !== spkiSha256) {
    throw unreadableAnchors(`"${text(entry, 'name') ?? 'an entry'}" has a key that does not fit its own fingerprint`)
  }
  const authority = text(entry, 'authority')
  const [notBefore, notAfter] = [dateOf(entry, 'notBefore'), dateOf(entry, 'notAfter')]
  return {
    name: text(entry, 'name') ?? `public key ${spkiSha256.slice(0, 16)}…`,
    hsmTypes: namedFamilies(entry, hsmTypes),
    role: text(entry, 'role') === 'intermediate' ? 'intermediate' : 'root',
    ...(authority === 'manufacturer' || authority === 'owner' ? { authority } : {}),
    subject: text(entry, 'subject'),
    spki: base64(spki),
    spkiSha256,
    certificateSha256: fingerprints(entry),
    notBefore,
    notAfter,
    source: text(entry, 'source') ?? GIVEN.source,
    checked: text(entry, 'checked') ?? GIVEN.checked,
    origin: 'user',
  }
}

function dateOf(entry: unknown, name: string): string | undefined {
  const value = text(entry, name)
  if (value !== undefined && !/^\d{4}-\d\d-\d\d$/.test(value))
    throw unreadableAnchors(`"${name}" is not a date (YYYY-MM-DD)`)
  return value
}

function namedFamilies(entry: unknown, hsmTypes: readonly HsmType[]): readonly HsmType[] {
  const value = jsonMember(entry, 'hsmTypes')
  if (value === undefined) return hsmTypes
  if (!Array.isArray(value)) throw unreadableAnchors('"hsmTypes" of an entry is not a list')
  return value.map((name: unknown) => {
    if (typeof name !== 'string' || !isHsmType(name)) throw unreadableAnchors(`an hsmType is unknown: ${String(name)}`)
    return name
  })
}

function fingerprints(entry: unknown): readonly string[] {
  const value = jsonMember(entry, 'certificateSha256')
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : []
}
