import { CURVE_OCTETS, type DigestName, type PublicNumbers } from '../public-numbers.ts'
import { verifyDsa } from './dsa.ts'
import { isOnCurve, verifyEcdsa } from './ecdsa.ts'
import { verifyRsa } from './rsa.ts'

/** A key that signatures can be verified with. */
export type VerifyingKey = PublicNumbers

/** The key of these numbers, undefined if they are none: a point off its curve. */
export const importKey = (key: PublicNumbers, _spki: Uint8Array): VerifyingKey | undefined =>
  key.type === 'EC' && !isOnCurve(key.curve, key.point) ? undefined : key

/**
 * Does the signature verify? RSA is RSASSA-PKCS1-v1_5. ECDSA and DSA: `der` is a SEQUENCE of two positive INTEGERs in DER, which
 * the caller has made sure of; `p1363` is r || s, each as long as the group order. Never throws.
 */
export function verifyWith(
  name: DigestName,
  key: VerifyingKey,
  data: Uint8Array,
  signature: Uint8Array,
  encoding: 'der' | 'p1363' = 'der',
): boolean {
  if (key.type === 'RSA') return verifyRsa(name, key.modulus, key.exponent, data, signature)
  const octets = key.type === 'EC' ? (CURVE_OCTETS[key.curve] ?? 0) : key.q.length
  const raw = encoding === 'der' ? rawSignature(signature, octets) : signature
  if (raw === undefined) return false
  return key.type === 'EC' ? verifyEcdsa(name, key.curve, key.point, data, raw) : verifyDsa(name, key, data, raw)
}

/** r || s, each `octets` long, of DER that is known to be strict; undefined if one is longer, and so no number below the order. */
function rawSignature(der: Uint8Array, octets: number): Uint8Array | undefined {
  const out = new Uint8Array(2 * octets)
  if (der[1] === 0x82) return undefined
  let at = der[1] === 0x81 ? 3 : 2
  for (const end of [octets, 2 * octets]) {
    const length = der[at + 1] ?? 0
    let number = der.subarray(at + 2, at + 2 + length)
    if (number[0] === 0) number = number.subarray(1)
    if (length >= 0x80 || number.length > octets) return undefined
    out.set(number, end - number.length)
    at += 2 + length
  }
  return out
}
