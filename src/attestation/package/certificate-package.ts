import { readDer, TAG } from '../../asn1/der.ts'
import { DerError } from '../../asn1/der-error.ts'
import { PemError, readPem } from '../../asn1/pem.ts'
import { EvidenceError } from '../contract/evidence-error.ts'
import { readPlainPem } from './plain-pem.ts'

const MAX_BYTES = 1 << 16
const MAX_CERTIFICATES = 16

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
      'Pass the attestation certificate and the device certificate, and nothing else.',
    )
  }
  const certificates = bytes[0] === TAG.sequence ? splitDer(bytes) : readPemCertificates(bytes)
  if (certificates.length > MAX_CERTIFICATES) {
    throw new EvidenceError(
      `Could not read the attestation: ${certificates.length} certificates are too many.`,
      'Pass the attestation certificate and the device certificate, and nothing else.',
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
      'The file may be truncated or altered: export it from the device again, in PEM or binary.',
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
    throw new DerError('a certificate is truncated, or other data follows it', at)
  }
  return total
}

function readPemCertificates(bytes: Uint8Array): readonly Uint8Array[] {
  const plain = readPlainPem(bytes)
  if (plain !== undefined) return plain
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  try {
    const certificates = readPem(text).flatMap(({ label, der }) => (label.endsWith('CERTIFICATE') ? [der] : []))
    if (certificates.length > 0) return certificates
  } catch (error) {
    if (!(error instanceof PemError)) throw error
    throw new EvidenceError(`Could not read the attestation. ${error.message}`, error.remedy, error)
  }
  throw new EvidenceError(
    'Could not find a certificate in the attestation.',
    'Pass PEM ("-----BEGIN CERTIFICATE-----") or DER: the attestation certificate, then the device certificate.',
  )
}
