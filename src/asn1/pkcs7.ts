import { type BerNode, readBer } from './ber.ts'
import { contextTag, readDer, TAG } from './der.ts'
import { DerError, ifReadable } from './der-error.ts'
import { readOid } from './der-values.ts'
import { explicit, integer, oid, sequence, setOf, tlv } from './der-writer.ts'

export const OID_SIGNED_DATA = '1.2.840.113549.1.7.2'
const OID_DATA = '1.2.840.113549.1.7.1'
/** ContentInfo, content, SignedData, certificates, and the certificates themselves, which stay closed. */
const DEPTH = 4

/** RFC 7468 8 and 9; the last is OpenSSL's older name. */
export const PKCS7_PEM_LABELS: readonly string[] = ['PKCS7', 'CMS', 'PKCS #7 SIGNED DATA']

/**
 * The certificates of a SignedData (RFC 5652 5.1), in their order: DER, each byte for byte as it is there. The wrapper, which nobody
 * signed, may be BER. Signers, lists of revoked certificates and attribute certificates are passed over. Throws DerError.
 */
export function pkcs7Certificates(bytes: Uint8Array): readonly Uint8Array[] {
  const root = readBer(bytes, DEPTH)
  if (root.bytes.length !== bytes.length) throw new DerError('there is data after the PKCS#7', root.bytes.length)
  const [type, content] = root.children
  if (
    root.tag !== TAG.sequence ||
    type === undefined ||
    content === undefined ||
    contentType(type) !== OID_SIGNED_DATA
  ) {
    throw new DerError('ContentInfo is not SignedData', 0)
  }
  const signedData = content.tag === contextTag(0) ? content.children[0] : undefined
  if (signedData?.tag !== TAG.sequence) throw new DerError('SignedData is missing', 0)
  const set = signedData.children.find((child) => child.tag === contextTag(0))
  const certificates = (set?.children ?? []).filter(({ tag }) => tag === TAG.sequence)
  if (certificates.length === 0) throw new DerError('SignedData contains no certificates', 0)
  if (certificates.some(({ indefinite }) => indefinite)) throw new DerError('a certificate in it is not DER', 0)
  return certificates.map((certificate) => certificate.bytes)
}

const contentType = ({ bytes }: BerNode): string | undefined => ifReadable(() => readOid(readDer(bytes)))

/** A certs-only SignedData of these certificates in this order (RFC 2315 9.1: version 1, no digest algorithms, id-data, no signers). */
export const writePkcs7 = (certificates: readonly Uint8Array[]): Uint8Array =>
  sequence(
    oid(OID_SIGNED_DATA),
    explicit(0, sequence(integer(1), setOf(), sequence(oid(OID_DATA)), tlv(contextTag(0), ...certificates), setOf())),
  )
