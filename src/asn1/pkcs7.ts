import { contextTag, readDer, readSequence, TAG } from './der.ts'
import { ifReadable } from './der-error.ts'
import { readOid } from './der-values.ts'

export const OID_SIGNED_DATA = '1.2.840.113549.1.7.2'

/** RFC 7468 8 and 9; the last is OpenSSL's older name. */
export const PKCS7_PEM_LABELS: readonly string[] = ['PKCS7', 'CMS', 'PKCS #7 SIGNED DATA']

/** Is this a ContentInfo of that type, whatever it holds? */
export const isSignedData = (der: Uint8Array): boolean =>
  ifReadable(() => readOid(readDer(der).at(0, 'contentType'))) === OID_SIGNED_DATA

/** The certificates of a certs-only SignedData (RFC 5652 5.1), in their order. Throws DerError. */
export function pkcs7Certificates(der: Uint8Array): readonly Uint8Array[] {
  const root = readDer(der)
  const [type, content] = readSequence(root, 'ContentInfo')
  if (type === undefined || content === undefined || readOid(type) !== OID_SIGNED_DATA) {
    throw root.fail('ContentInfo is no SignedData')
  }
  const signedData = content.expect(contextTag(0), 'content').at(0, 'SignedData').expect(TAG.sequence, 'SignedData')
  const set = signedData.children.find((child) => child.tag === contextTag(0))
  if (set === undefined || set.children.length === 0) throw signedData.fail('SignedData holds no certificates')
  return set.children.map((certificate) => certificate.expect(TAG.sequence, 'certificate').bytes)
}
