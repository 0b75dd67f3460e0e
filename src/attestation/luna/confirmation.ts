import { contextTag, type DerNode, readDer, TAG } from '../../asn1/der.ts'
import { DerError } from '../../asn1/der-error.ts'
import { derKind } from '../../asn1/der-kind.ts'
import { readOid, readSmallInteger } from '../../asn1/der-values.ts'
import { PemError, readPem } from '../../asn1/pem.ts'
import { OID_SIGNED_DATA, PKCS7_PEM_LABELS } from '../../asn1/pkcs7.ts'
import { EvidenceError } from '../contract/evidence-error.ts'

const OID_DATA = '1.2.840.113549.1.7.1'
const MAX_BYTES = 1 << 16
/** A genuine confirmation has at most five; a few more are read so that the reason can be named. */
const MAX_CERTIFICATES = 16
const REMEDY =
  'Pass the .p7b file of "cmu getpkc" (RSA: -pkctype=2), or the value of CKA_PKC_CITS or CKA_PKC_ECC, unchanged.'

const unreadable = (what: string, cause?: unknown): EvidenceError =>
  new EvidenceError(`Could not read the Luna public key confirmation: ${what}.`, REMEDY, cause)

/**
 * The certificates of a public key confirmation in their order: a certs-only PKCS#7 (RFC 2315 9.1: version 1, no digest
 * algorithms, id-data without content, no signers), DER or PEM. Throws EvidenceError where it is anything else.
 */
export function readConfirmation(package_: Uint8Array): readonly DerNode[] {
  if (package_.length > MAX_BYTES) throw unreadable(`it has ${package_.length} bytes, more than ${MAX_BYTES}`)
  try {
    return readCertificates(readDer(package_[0] === TAG.sequence ? package_ : readPemBlock(package_)))
  } catch (error) {
    if (error instanceof DerError || error instanceof PemError)
      throw unreadable(error.message.replace(/\.$/, ''), error)
    throw error
  }
}

function readPemBlock(package_: Uint8Array): Uint8Array {
  const text = Buffer.from(package_.buffer, package_.byteOffset, package_.length).toString('latin1')
  const blocks = readPem(text)
  const [block] = blocks
  if (block === undefined) throw unreadable('it is neither DER nor PEM')
  if (blocks.length > 1) throw unreadable(`it has ${blocks.length} PEM blocks, expected one PKCS#7`)
  if (!PKCS7_PEM_LABELS.includes(block.label)) throw unreadable(`the PEM block is "${block.label}", expected PKCS7`)
  return block.der
}

function readCertificates(contentInfo: DerNode): readonly DerNode[] {
  const parts = contentInfo.expect(TAG.sequence, 'ContentInfo').children
  if (parts.length !== 2 || readOid(contentInfo.at(0, 'contentType')) !== OID_SIGNED_DATA) {
    throw contentInfo.fail('it is not a PKCS#7 signedData')
  }
  const content = contentInfo.at(1, 'content').expect(contextTag(0), 'content')
  if (content.children.length !== 1) throw content.fail('content does not contain exactly one value')
  const signedData = content.at(0, 'SignedData').expect(TAG.sequence, 'SignedData')
  if (signedData.children.length !== 5) throw signedData.fail('SignedData contains more than certificates')
  if (readSmallInteger(signedData.at(0, 'version'), 'version') !== 1) throw signedData.fail('the version is not 1')
  requireEmptySet(signedData.at(1, 'digestAlgorithms'), 'digestAlgorithms')
  const data = signedData.at(2, 'contentInfo').expect(TAG.sequence, 'contentInfo')
  if (data.children.length !== 1 || readOid(data.at(0, 'contentType')) !== OID_DATA) {
    throw data.fail('it has signed content')
  }
  requireEmptySet(signedData.at(4, 'signerInfos'), 'signerInfos')
  const certificates = signedData.at(3, 'certificates').expect(contextTag(0), 'certificates').children
  if (certificates.length === 0) throw signedData.fail('it has no certificates')
  if (certificates.length > MAX_CERTIFICATES) throw signedData.fail(`it has ${certificates.length} certificates`)
  return certificates
}

function requireEmptySet(node: DerNode, what: string): void {
  if (node.expect(TAG.set, what).children.length > 0) throw node.fail(`${what} is not empty`)
}

/** Cheap look: a PKCS#7, DER or PEM, that names an object of Thales's arc, as every certificate of a confirmation does. */
export function looksLikeConfirmation(package_: Uint8Array): boolean {
  if (package_.length > MAX_BYTES) return false
  const der = package_[0] === TAG.sequence ? package_ : pemContent(package_)
  return der !== undefined && derKind(der) === 'pkcs7' && isOfThales(der)
}

/** 1.3.6.1.4.1.12383 as it begins in an OBJECT IDENTIFIER. */
const THALES_ARC = Buffer.from('2b06010401e05f', 'hex')

export const isOfThales = (der: Uint8Array): boolean =>
  Buffer.from(der.buffer, der.byteOffset, der.length).includes(THALES_ARC)

function pemContent(package_: Uint8Array): Uint8Array | undefined {
  const head = Buffer.from(package_.subarray(0, 200)).toString('latin1')
  if (!PKCS7_PEM_LABELS.some((label) => head.includes(`-----BEGIN ${label}-----`))) return undefined
  try {
    return readPemBlock(package_)
  } catch (error) {
    if (error instanceof EvidenceError || error instanceof PemError) return undefined
    throw error
  }
}
