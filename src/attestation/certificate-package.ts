import { readDer, TAG } from '../asn1/der.ts'
import { DerError } from '../asn1/der-error.ts'
import { PemError, readPem } from '../asn1/pem.ts'
import { BoundedCache } from './bounded-cache.ts'
import { EvidenceError } from './evidence-error.ts'

const MAX_BYTES = 1 << 16
const MAX_CERTIFICATES = 16
const BEGIN = '-----BEGIN CERTIFICATE-----'
const END = '-----END CERTIFICATE-----'

/**
 * The certificates of a package in their order, as DER: PEM blocks (text around them is passed over), or DER one after another.
 * What stands inside a PEM block is not looked at; bare DER must at least have whole values. Throws EvidenceError.
 */
export function readCertificatePackage(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes.length === 0) {
    throw new EvidenceError('Could not read the attestation: the file is empty.', 'Export it from the device again.')
  }
  if (bytes.length > MAX_BYTES) {
    throw new EvidenceError(
      `Could not read the attestation: ${bytes.length} bytes are more than any such package has (${MAX_BYTES}).`,
      'Give the attestation certificate and the device certificate, nothing else.',
    )
  }
  const certificates = bytes[0] === TAG.sequence ? splitDer(bytes) : readPemCertificates(bytes)
  if (certificates.length > MAX_CERTIFICATES) {
    throw new EvidenceError(
      `Could not read the attestation: ${certificates.length} certificates are too many.`,
      'Give the attestation certificate and the device certificate, nothing else.',
    )
  }
  return certificates
}

function splitDer(bytes: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  try {
    for (let at = 0; at < bytes.length && parts.length <= MAX_CERTIFICATES; ) {
      const length = derLength(bytes, at)
      parts.push(bytes.subarray(at, at + length))
      at += length
    }
    for (const part of parts) readDer(part)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new EvidenceError(
      `Could not read the attestation as DER certificates: ${error.message}`,
      'The file may be cut off or altered: export it from the device again, in PEM or binary.',
      error,
    )
  }
  return parts
}

/** Whole length of the SEQUENCE at `at`; certificates take 2 length octets, more than 4 never make sense. */
function derLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1] ?? 0
  const count = first < 0x80 ? 0 : first & 0x7f
  let length = first < 0x80 ? first : 0
  for (let i = 0; i < count; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0)
  const total = 2 + count + length
  if (bytes[at] !== TAG.sequence || count > 3 || at + total > bytes.length) {
    throw new DerError('a certificate is cut off, or something else follows it', at)
  }
  return total
}

function readPemCertificates(bytes: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const quick = readPlainPem(text)
  if (quick !== undefined) return quick
  try {
    const certificates = readPem(text).flatMap(({ label, der }) => (label.endsWith('CERTIFICATE') ? [der] : []))
    if (certificates.length > 0) return certificates
  } catch (error) {
    if (!(error instanceof PemError)) throw error
    throw new EvidenceError(`Could not read the attestation. ${error.message}`, error.remedy, error)
  }
  throw new EvidenceError(
    'Could not find a certificate in the attestation.',
    'Give PEM ("-----BEGIN CERTIFICATE-----") or DER: the attestation certificate, then the device certificate.',
  )
}

/** Blocks behind the first stand in many packages alike; the same text gives the same bytes, which is what parsers remember by. */
const shared = new BoundedCache<Uint8Array>(256)
const MAX_SHARED = 8192

/** The common case, and the quick one for batches: blocks alone, one after another. Undefined where anything else stands there. */
function readPlainPem(text: string): readonly Uint8Array[] | undefined {
  const certificates: Uint8Array[] = []
  let at = 0
  while (text.startsWith(BEGIN, at)) {
    const from = at + BEGIN.length
    const to = text.indexOf(END, from)
    if (to < 0) return undefined
    const body = text.slice(from, to)
    const der = (at > 0 ? shared.get(body) : undefined) ?? decodeBody(body)
    if (der === undefined) return undefined
    if (at > 0 && body.length <= MAX_SHARED) shared.set(body, der)
    certificates.push(der)
    at = to + END.length
    while (text.charCodeAt(at) === LF || text.charCodeAt(at) === CR) at++
  }
  return at === text.length && certificates.length > 0 ? certificates : undefined
}

const LF = 0x0a
const CR = 0x0d

/**
 * Base64 in lines, nothing else. Node passes over what is no base64, so anything else among it shows in a length that is short;
 * the two characters of the URL-safe alphabet, which Node takes, are looked for.
 */
function decodeBody(body: string): Uint8Array | undefined {
  const end = body.length - 1
  if (body.charCodeAt(0) !== LF || body.charCodeAt(end) !== LF) return undefined
  if (body.includes('-') || body.includes('_') || body.includes('\r')) return undefined
  let lines = 0
  for (let at = body.indexOf('\n'); at >= 0; at = body.indexOf('\n', at + 1)) lines++
  const padding = body.charCodeAt(end - 2) === EQUALS ? 2 : body.charCodeAt(end - 1) === EQUALS ? 1 : 0
  const der = Buffer.from(body, 'base64')
  const whole = der.length > 0 && der.length === ((body.length - lines) / 4) * 3 - padding
  return whole ? new Uint8Array(der.buffer, der.byteOffset, der.length) : undefined
}

const EQUALS = 0x3d
