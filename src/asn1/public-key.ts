import { type DerNode, readDer, readSequence, TAG } from './der.ts'
import { ifReadable } from './der-error.ts'
import { readBitStringOctets, readOid, readUnsignedBytes } from './der-values.ts'

export const OID_RSA = '1.2.840.113549.1.1.1'
export const OID_EC = '1.2.840.10045.2.1'
export const OID_DSA = '1.2.840.10040.4.1'

export const CURVES: Readonly<
  Record<string, { readonly name: string; readonly bits: number; readonly octets: number }>
> = {
  '1.2.840.10045.3.1.7': { name: 'P-256', bits: 256, octets: 32 },
  '1.3.132.0.34': { name: 'P-384', bits: 384, octets: 48 },
  '1.3.132.0.35': { name: 'P-521', bits: 521, octets: 66 },
  '1.3.132.0.33': { name: 'P-224', bits: 224, octets: 28 },
  '1.3.132.0.10': { name: 'secp256k1', bits: 256, octets: 32 },
  '1.3.36.3.3.2.8.1.1.7': { name: 'brainpoolP256r1', bits: 256, octets: 32 },
  '1.3.36.3.3.2.8.1.1.11': { name: 'brainpoolP384r1', bits: 384, octets: 48 },
  '1.3.36.3.3.2.8.1.1.13': { name: 'brainpoolP512r1', bits: 512, octets: 64 },
}

const OTHER_KEYS: Readonly<Record<string, string>> = {
  '1.3.101.112': 'Ed25519',
  '1.3.101.110': 'X25519',
  [OID_DSA]: 'DSA',
  '1.2.840.113549.1.1.10': 'RSASSA-PSS',
}

export type PublicKey =
  /** `modulus` big-endian without leading zero; `bits` its length; `octets` the RSAPublicKey, DER. */
  | {
      readonly type: 'RSA'
      readonly bits: number
      readonly modulus: Uint8Array
      readonly exponent: bigint
      readonly octets: Uint8Array
    }
  /** `point` as it stands in the BIT STRING: 04 X Y. */
  | { readonly type: 'EC'; readonly curve: string; readonly curveOid: string; readonly point: Uint8Array }
  | { readonly type: 'other'; readonly oid: string; readonly name: string }

/** Reads a SubjectPublicKeyInfo. Throws DerError where it is malformed; an unknown algorithm is `other`, an unknown curve has its OID as name. */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  const node = readDer(spki, { maxSize: 1 << 14 })
  const [algorithm, key] = readSequence(node, 'SubjectPublicKeyInfo')
  if (algorithm === undefined || key === undefined || node.children.length !== 2) {
    throw node.fail('SubjectPublicKeyInfo is malformed')
  }
  const oid = readOid(algorithm.expect(TAG.sequence, 'algorithm').at(0, 'algorithm'))
  const bits = readBitStringOctets(key, 'subjectPublicKey')
  if (oid === OID_RSA) return readRsa(algorithm, bits)
  if (oid === OID_EC) return readEc(algorithm, key, bits)
  return { type: 'other', oid, name: OTHER_KEYS[oid] ?? oid }
}

/** The same, undefined where it is malformed. */
export const readablePublicKey = (spki: Uint8Array): PublicKey | undefined => ifReadable(() => parsePublicKey(spki))

function readRsa(algorithm: DerNode, bits: Uint8Array): PublicKey {
  if (algorithm.children.length !== 2 || algorithm.at(1, 'parameters').tag !== TAG.null) {
    throw algorithm.fail('the RSA algorithm must have NULL parameters (RFC 3279 2.3.1)')
  }
  return readRsaPublicKey(bits)
}

/** RSAPublicKey (RFC 8017 A.1.1). Throws DerError. */
export function readRsaPublicKey(bits: Uint8Array): PublicKey & { readonly type: 'RSA' } {
  const key = readDer(bits)
  const [modulusNode, exponentNode] = readSequence(key, 'RSAPublicKey')
  if (modulusNode === undefined || exponentNode === undefined || key.children.length !== 2) {
    throw key.fail('RSAPublicKey is malformed')
  }
  const modulus = readUnsignedBytes(modulusNode, 'modulus')
  const exponent = readUnsignedBytes(exponentNode, 'publicExponent')
  const length = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24
  return { type: 'RSA', bits: length, modulus, exponent: bigEndian(exponent), octets: bits }
}

/** Exponents have three octets, almost always. */
function bigEndian(octets: Uint8Array): bigint {
  if (octets.length > 6) return BigInt(`0x${Buffer.from(octets).toString('hex')}`)
  return BigInt(octets.reduce((value, octet) => value * 256 + octet, 0))
}

function readEc(algorithm: DerNode, key: DerNode, point: Uint8Array): PublicKey {
  const curveOid = readOid(algorithm.at(1, 'the curve'), 'the curve')
  const curve = CURVES[curveOid]
  if (algorithm.children.length !== 2) throw algorithm.fail('the EC algorithm must specify a named curve')
  if (curve !== undefined && (point[0] !== 4 || point.length !== 1 + 2 * curve.octets)) {
    throw key.fail(`the point is not an uncompressed point of ${curve.name}`)
  }
  return { type: 'EC', curve: curve?.name ?? curveOid, curveOid, point }
}

/** `RSA 3072`, `EC P-256`, `Ed25519`. */
export function describePublicKey(key: PublicKey): string {
  switch (key.type) {
    case 'RSA':
      return `RSA ${key.bits}`
    case 'EC':
      return `EC ${key.curve}`
    case 'other':
      return key.name
  }
}
