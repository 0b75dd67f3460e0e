import type { DigestName } from '../public-numbers.ts'
import { digest } from './digest.ts'
import { bitLength, power, toNumber } from './numbers.ts'

/** The DER of a DigestInfo up to the digest itself (RFC 8017 9.2, note 1). */
const DIGEST_INFO: Readonly<Record<DigestName, readonly number[]>> = {
  sha1: [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14],
  sha256: sha2(0x01, 0x20),
  sha384: sha2(0x02, 0x30),
  sha512: sha2(0x03, 0x40),
}

function sha2(arc: number, octets: number): readonly number[] {
  const oid = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc]
  return [0x30, 0x11 + octets, 0x30, 0x0d, ...oid, 0x05, 0x00, 0x04, octets]
}

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
