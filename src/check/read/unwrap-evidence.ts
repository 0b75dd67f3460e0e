import { type DecodedText, decodeText } from '../../asn1/decode-text.ts'
import { TAG } from '../../asn1/der.ts'
import { isBase64, type PemBlock, PemError, readPem, writePem } from '../../asn1/pem.ts'
import { PKCS7_PEM_LABELS } from '../../asn1/pkcs7.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import type { WrappedFile } from '../../attestation/contract/verify-attestation.ts'
import { readCertificatePackage } from '../../attestation/package/certificate-package.ts'
import { VERIFIERS } from '../../attestation/verifiers.ts'
import type { Evidence } from './evidence.ts'
import { isRequest, readRequest } from './evidence-request.ts'

/** No package of any family comes near: 32,767 base64 characters are the CA's bound, wrappings add to it. */
const MAX_EVIDENCE_BYTES = 1 << 19
const MAX_LAYERS = 6
const GZIP = 0x1f

interface Layer {
  readonly evidence?: Omit<Evidence, 'notes'>
  readonly inner?: Uint8Array
  readonly note?: string
}

/** Takes one layer after another off a file until what the CA wants is there. Throws EvidenceError. */
export function unwrapEvidence(bytes: Uint8Array): Evidence {
  const notes: string[] = []
  let current = bytes
  for (let layer = 0; layer < MAX_LAYERS; layer++) {
    const { evidence, inner, note } = peel(current)
    if (note !== undefined) notes.push(nameRepeated(note, notes))
    if (evidence !== undefined) return { ...evidence, notes }
    if (inner !== undefined) current = inner
  }
  throw new EvidenceError(
    'Could not read the attestation: it is wrapped too many times.',
    'Give the file as the device or its tool wrote it.',
  )
}

const BASE64_NOTE = 'decoded base64'
const nameRepeated = (note: string, notes: readonly string[]): string =>
  note === BASE64_NOTE && notes.includes(BASE64_NOTE) ? 'decoded base64 a second time: the CA wants it once' : note

function peel(bytes: Uint8Array): Layer {
  checkSize(bytes)
  if (bytes[0] === GZIP && bytes[1] === 0x8b) return { evidence: { package: bytes } }
  const known = unwrapAsFamily({ kind: 'bytes', bytes })
  if (known !== undefined) return known
  if (bytes[0] === TAG.sequence && (bytes[1] ?? 0) >= 0x80) return peelDer(bytes)
  const decoded = decodeText(bytes) ?? decodePem(bytes)
  if (decoded === undefined) {
    throw new EvidenceError(
      'Could not read the attestation: it is neither PEM, DER, base64, JSON nor a compressed statement.',
      'Give the file as the device or its tool wrote it.',
    )
  }
  if (decoded.unwrapped !== undefined) return { inner: Buffer.from(decoded.text), note: `removed ${decoded.unwrapped}` }
  return peelText(decoded.text)
}

/** A file of one family's own making; no two have one in common. */
function unwrapAsFamily(file: WrappedFile): Layer | undefined {
  for (const { unwrap } of Object.values(VERIFIERS)) {
    const unwrapped = unwrap?.(file)
    if (unwrapped === undefined) continue
    const { note, ...evidence } = unwrapped
    return { evidence, note }
  }
  return undefined
}

/** PEM with a comment in some 8-bit code page, or with what old editors leave at the end: the blocks are ASCII all the same. */
function decodePem(bytes: Uint8Array): DecodedText | undefined {
  const text = Buffer.from(bytes).toString('latin1')
  return text.includes('-----BEGIN ') ? { text } : undefined
}

function checkSize(bytes: Uint8Array): void {
  if (bytes.length === 0) {
    throw new EvidenceError('Could not read the attestation: the file is empty.', 'Export it from the device again.')
  }
  if (bytes.length > MAX_EVIDENCE_BYTES) {
    throw new EvidenceError(
      `Could not read the attestation: ${bytes.length} bytes are more than any attestation has.`,
      'Check that this is the right file.',
    )
  }
}

/** A PKCS#7 (SEQUENCE, then an OID) stays as it is; certificates become the PEM that the CA wants. */
function peelDer(bytes: Uint8Array): Layer {
  const headerLength = 2 + ((bytes[1] ?? 0) & 0x7f)
  if (bytes[headerLength] === TAG.oid) return { evidence: { package: bytes } }
  if (isRequest(bytes)) return peelRequest(bytes)
  const certificates = readCertificatePackage(bytes)
  return {
    evidence: { package: Buffer.from(certificates.map((der) => writePem('CERTIFICATE', der)).join('')) },
    note: 'wrote the DER certificates as PEM',
  }
}

/** A request that carries its attestation: it is kept to bind to. */
function peelRequest(der: Uint8Array): Layer {
  const layer = unwrapAsFamily({ kind: 'request', extensions: readRequest(der).extensions })
  if (layer?.evidence !== undefined) return { ...layer, evidence: { ...layer.evidence, request: der } }
  throw new EvidenceError(
    'Could not find an attestation: this is a certificate request that carries none.',
    'Give the attestation here, and the request with --csr.',
  )
}

function peelText(text: string): Layer {
  const trimmed = text.trim()
  if (trimmed.startsWith('{')) return peelJson(text)
  if (trimmed.includes('-----BEGIN ')) return peelPem(text)
  const unquoted = /^"([A-Za-z0-9+/=\s]*)"$/.exec(trimmed)?.[1] ?? trimmed
  if (/[A-Za-z0-9+/] +[A-Za-z0-9+/]/.test(unquoted) && /^[A-Za-z0-9+/=\s]+$/.test(unquoted)) {
    throw new EvidenceError(
      'Could not read the attestation: there are blanks inside the base64; each may have been a "+".',
      'Copy it again without going through a web form, or percent-encode it there.',
    )
  }
  const base64 = unquoted.replace(/\s+/g, '')
  if (isBase64(base64)) return { inner: Buffer.from(base64, 'base64'), note: BASE64_NOTE }
  // JSON Web tokens and their kin write it so; where an end was cut off, what is inside shows it.
  if (/^(?:[A-Za-z0-9_-]+|[A-Za-z0-9+/]+)$/.test(base64) && base64.length % 4 !== 1) {
    return { inner: Buffer.from(base64, 'base64url'), note: 'decoded base64url: the CA wants base64, with its padding' }
  }
  throw new EvidenceError(
    `Could not read the attestation: it is neither PEM, JSON nor base64${base64.length % 4 === 0 ? '' : ' (or the base64 is cut off)'}.`,
    'Give the file as the device or its tool wrote it, whole.',
  )
}

function peelPem(text: string): Layer {
  const blocks = pemBlocks(text)
  const pkcs7 = blocks.find(({ label }) => PKCS7_PEM_LABELS.includes(label))
  if (pkcs7 !== undefined) return { evidence: { package: pkcs7.der }, note: `took the PKCS#7 out of its PEM` }
  const certificates = blocks.filter(({ label }) => label.endsWith('CERTIFICATE'))
  if (certificates.length === 0) {
    const request = blocks.find(({ label }) => label.endsWith('CERTIFICATE REQUEST'))
    if (request !== undefined) return peelRequest(request.der)
    const found = [...new Set(blocks.map(({ label }) => label))].join(', ')
    throw new EvidenceError(
      `Could not find a certificate in the attestation; it holds: ${found || 'nothing'}.`,
      'Give the attestation itself; beside it, `check` takes a request with --csr and a public key with --public-key.',
    )
  }
  const package_ = certificates.map((block) => writePem('CERTIFICATE', certificateIn(block))).join('')
  return {
    evidence: { package: Buffer.from(package_) },
    ...(package_ === text ? {} : { note: 'wrote the certificates as plain PEM' }),
  }
}

/** OpenSSL's `TRUSTED CERTIFICATE` is the certificate, and what its owner thinks of it behind. */
const certificateIn = ({ label, der }: PemBlock): Uint8Array =>
  label === 'TRUSTED CERTIFICATE' ? (readCertificatePackage(der)[0] ?? der) : der

function pemBlocks(text: string): ReturnType<typeof readPem> {
  try {
    return readPem(text)
  } catch (error) {
    if (!(error instanceof PemError)) throw error
    throw new EvidenceError(`Could not read the attestation. ${error.message}`, error.remedy, error)
  }
}

function peelJson(text: string): Layer {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new EvidenceError(
      'Could not read the attestation: the JSON is cut off or damaged.',
      'Export the file again, and do not edit it.',
      error,
    )
  }
  return unwrapAsFamily({ kind: 'json', value }) ?? { evidence: { package: Buffer.from(text) } }
}
