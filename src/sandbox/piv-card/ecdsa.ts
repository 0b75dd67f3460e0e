/** ECDSA over a hash that is ready, as a card signs; node:crypto only signs messages. For a test double: not constant-time. */
import { createECDH, randomBytes } from 'node:crypto'
import { integer, sequence } from '../../asn1/der-writer.ts'
import { invert, toBigInt, toOctets } from './modular.ts'

/** Group orders, SEC 2 version 2. */
const ORDERS = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
} as const

/** FIPS 186-4 6.4; the leftmost bits of a hash that is longer than the order. Returns a DER Ecdsa-Sig-Value. */
export function signHash(curve: keyof typeof ORDERS, privateScalar: Uint8Array, hash: Uint8Array): Uint8Array {
  const order = ORDERS[curve]
  const octets = curve === 'prime256v1' ? 32 : 48
  const z = toBigInt(hash.subarray(0, octets))
  const d = toBigInt(privateScalar)
  for (;;) {
    const k = toBigInt(randomBytes(octets)) % order
    if (k === 0n) continue
    const ecdh = createECDH(curve)
    ecdh.setPrivateKey(toOctets(k, octets))
    const r = toBigInt(ecdh.getPublicKey().subarray(1, 1 + octets)) % order
    const s = (invert(k, order) * (z + r * d)) % order
    if (r !== 0n && s !== 0n) return sequence(integer(r), integer(s))
  }
}
