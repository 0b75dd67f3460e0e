/** The curves of the YubiHSM 2 and ECDSA over a finished digest, which node:crypto signs only together with hashing. */
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto'
import { ALGORITHMS } from '../../../devices/yubihsm2/algorithm.ts'
import { readDer, readSequence } from '../../asn1/der.ts'
import { readOctetString } from '../../asn1/der-values.ts'
import { bitString, explicit, integer, octetString, oid, sequence } from '../../asn1/der-writer.ts'

export interface Curve {
  /** OpenSSL's name. */
  readonly name: string
  readonly oid: string
  readonly octets: number
  readonly order: bigint
}

const curve = (name: string, oid: string, octets: number, order: string): Curve => ({
  name,
  oid,
  octets,
  order: BigInt(`0x${order}`),
})

/** Orders: SEC 2 version 2, FIPS 186-4 D.1.2, RFC 5639 section 3. */
// biome-ignore format: a table, a row a line
export const CURVES: Readonly<Record<number, Curve>> = {
  [ALGORITHMS.ecp224]: curve('secp224r1', '1.3.132.0.33', 28, 'ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d'),
  [ALGORITHMS.ecp256]: curve('prime256v1', '1.2.840.10045.3.1.7', 32, 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'),
  [ALGORITHMS.ecp384]: curve('secp384r1', '1.3.132.0.34', 48, 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973'),
  [ALGORITHMS.ecp521]: curve('secp521r1', '1.3.132.0.35', 66, '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409'),
  [ALGORITHMS.eck256]: curve('secp256k1', '1.3.132.0.10', 32, 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'),
  [ALGORITHMS.ecbp256]: curve('brainpoolP256r1', '1.3.36.3.3.2.8.1.1.7', 32, 'a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7'),
  [ALGORITHMS.ecbp384]: curve('brainpoolP384r1', '1.3.36.3.3.2.8.1.1.11', 48, '8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565'),
  [ALGORITHMS.ecbp512]: curve('brainpoolP512r1', '1.3.36.3.3.2.8.1.1.13', 64, 'aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069'),
}

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
const toOctets = (value: bigint, octets: number): Buffer =>
  Buffer.from(value.toString(16).padStart(octets * 2, '0'), 'hex')

export function randomScalar({ name, octets }: Curve): Buffer {
  const ecdh = createECDH(name)
  ecdh.generateKeys()
  return toOctets(toBigInt(ecdh.getPrivateKey()), octets)
}

/** Scalar -> private key. Throws where the scalar is out of range. */
export function privateKeyOf(curve: Curve, scalar: Uint8Array): KeyObject {
  const ecdh = createECDH(curve.name)
  ecdh.setPrivateKey(scalar)
  const der = sequence(
    integer(1),
    octetString(scalar),
    explicit(0, oid(curve.oid)),
    explicit(1, bitString(ecdh.getPublicKey())),
  )
  return createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'sec1' })
}

/** The inverse, by way of ECPrivateKey (RFC 5915): a JWK knows half of these curves. Throws where the key is not one of this curve. */
export function scalarOf({ name, octets }: Curve, key: KeyObject): Buffer {
  if (key.asymmetricKeyDetails?.namedCurve !== name) throw new Error(`not a key of ${name}`)
  const [, scalar] = readSequence(readDer(key.export({ type: 'sec1', format: 'der' })), 'ECPrivateKey')
  if (scalar === undefined) throw new Error('an ECPrivateKey without its key')
  return toOctets(toBigInt(readOctetString(scalar)), octets)
}

/** X and Y, each as long as the field. */
export function publicPoint({ name }: Curve, scalar: Uint8Array): Buffer {
  const ecdh = createECDH(name)
  ecdh.setPrivateKey(scalar)
  return ecdh.getPublicKey().subarray(1)
}

/** X of the shared point. Throws where `point` is not on the curve. */
export function sharedSecret({ name }: Curve, scalar: Uint8Array, point: Uint8Array): Buffer {
  const ecdh = createECDH(name)
  ecdh.setPrivateKey(scalar)
  return ecdh.computeSecret(point)
}

/** Ecdsa-Sig-Value, DER (FIPS 186-5 6.4.1); a digest longer than the order counts by its leftmost bits. */
export function signEcdsa(curve: Curve, scalar: Uint8Array, digest: Uint8Array): Buffer {
  const { order, octets } = curve
  const excess = BigInt(Math.max(0, digest.length * 8 - order.toString(2).length))
  const e = toBigInt(digest) >> excess
  for (;;) {
    const nonce = createECDH(curve.name)
    nonce.generateKeys()
    const r = toBigInt(nonce.getPublicKey().subarray(1, 1 + octets)) % order
    const s = (inverse(toBigInt(nonce.getPrivateKey()), order) * (e + r * toBigInt(scalar))) % order
    if (r !== 0n && s !== 0n) return Buffer.from(sequence(integer(r), integer(s)))
  }
}

/** Modular inverse by the extended Euclidean algorithm. */
export function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b] = [value % modulus, modulus]
  let [x, y] = [1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  return ((x % modulus) + modulus) % modulus
}
