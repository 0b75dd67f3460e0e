import { DIGEST_INFO } from '../digest-info.ts'
import type { DigestName } from '../public-numbers.ts'
import { digest } from './digest.ts'
import { bitLength, power, toNumber } from './numbers.ts'

/** OpenSSL's bounds (include/openssl/rsa.h: OPENSSL_RSA_MAX_MODULUS_BITS, _SMALL_MODULUS_BITS, _MAX_PUBEXP_BITS), which Node.js keeps. */
const MAX_BITS = 16384
const SMALL_BITS = 3072
const MAX_EXPONENT_BITS = 64

/** RSASSA-PKCS1-v1_5 (RFC 8017 8.2.2): the encoded message is built and compared, never parsed. */
export function verifyRsa(
  name: DigestName,
  modulus: Uint8Array,
  e: bigint,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const n = toNumber(modulus)
  const bits = bitLength(n)
  const s = toNumber(signature)
  if (signature.length !== modulus.length || s >= n || n % 2n === 0n) return false
  if (bits > MAX_BITS || e >= n || (bits > SMALL_BITS && bitLength(e) > MAX_EXPONENT_BITS)) return false
  const tail = [...DIGEST_INFO[name], ...digest(name, data)]
  const padding = modulus.length - tail.length - 3
  if (padding < 8) return false
  const encoded = new Uint8Array(modulus.length).fill(0xff)
  encoded.set([0x00, 0x01])
  encoded.set([0x00, ...tail], 2 + padding)
  return power(s, e, n) === toNumber(encoded)
}
