import type { DigestName, PublicNumbers } from '../public-numbers.ts'
import { digest } from './digest.ts'
import { bitLength, inverse, power, toNumber } from './numbers.ts'

/** Bits of q that FIPS 186-4 section 4.2 knows; OpenSSL takes no others. */
const Q_BITS = [160, 224, 256]

/** DSA (FIPS 186-4 section 4.7); the signature is r || s, each as long as q. */
export function verifyDsa(
  name: DigestName,
  key: PublicNumbers & { readonly type: 'DSA' },
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const [p, q, g, y] = [key.p, key.q, key.g, key.y].map(toNumber) as [bigint, bigint, bigint, bigint]
  if (!Q_BITS.includes(bitLength(q)) || p % 2n === 0n) return false
  const octets = Math.ceil(bitLength(q) / 8)
  if (signature.length !== 2 * octets) return false
  const [r, s] = [toNumber(signature.subarray(0, octets)), toNumber(signature.subarray(octets))]
  if (r === 0n || s === 0n || r >= q || s >= q) return false
  const w = inverse(s, q)
  if (w === undefined) return false
  const z = toNumber(digest(name, data).subarray(0, octets))
  const v = (power(g, (z * w) % q, p) * power(y, (r * w) % q, p)) % p
  return v % q === r
}
