/** Writes the canonical SubjectPublicKeyInfo of keys that evidence gives as bare numbers. */
import { bitString, integer, nullValue, oid, sequence } from './der-writer.ts'
import { OID_DSA, OID_EC, OID_RSA } from './public-key.ts'

/** SubjectPublicKeyInfo of an RSA key: NULL parameters (RFC 3279 2.3.1). Numbers are big-endian. */
export const rsaPublicKeyInfo = (modulus: Uint8Array, exponent: Uint8Array): Uint8Array =>
  sequence(sequence(oid(OID_RSA), nullValue()), bitString(sequence(integer(modulus), integer(exponent))))

/** SubjectPublicKeyInfo of an EC key: named curve, uncompressed point `04 X Y` (RFC 5480 2). */
export const ecPublicKeyInfo = (curveOid: string, point: Uint8Array): Uint8Array =>
  sequence(sequence(oid(OID_EC), oid(curveOid)), bitString(point))

/** SubjectPublicKeyInfo of a DSA key with its domain parameters (RFC 3279 2.3.2). Numbers are big-endian. */
export const dsaPublicKeyInfo = (p: Uint8Array, q: Uint8Array, g: Uint8Array, y: Uint8Array): Uint8Array =>
  sequence(sequence(oid(OID_DSA), sequence(integer(p), integer(q), integer(g))), bitString(integer(y)))
