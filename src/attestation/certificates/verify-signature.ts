import { readPublicNumbers } from '../../asn1/public-numbers.ts'
import { isStrictSignature } from '../../asn1/signature-value.ts'
import { importKey, keyForOnce, type VerifyingKey, verifyWith } from '../../primitives/primitives.ts'
import type { PublicNumbers } from '../../primitives/public-numbers.ts'
import { BoundedCache, cacheKey } from '../package/bounded-cache.ts'
import { SeenBefore } from '../package/seen-before.ts'
import { isShared, issuerPublicKey } from './shared-keys.ts'
import type { SignatureScheme } from './signature-algorithm.ts'

/** Bounds on issuers' keys: a larger one costs more time than any vendor's key is worth. */
const MAX_RSA_BITS = 8192
const MAX_RSA_EXPONENT = 1n << 32n
const MAX_DSA_BITS = 4096
/** NIST curves of RFC 5480 that vendors sign with; other curves may be attested keys, never issuers. */
const ISSUER_CURVES: readonly string[] = ['P-256', 'P-384', 'P-521']
/** A longer SubjectPublicKeyInfo is not kept. */
const MAX_CACHED = 2048

const KEY_TYPE = { rsa: 'RSA', ec: 'EC', dsa: 'DSA' } as const

const keys = new BoundedCache<VerifyingKey | null>(512)
/** For keys that come as the same array, which nobody writes to. */
const byIdentity = new WeakMap<Uint8Array, VerifyingKey>()

const seen = new SeenBefore()

/**
 * What is verified with, or undefined where a SubjectPublicKeyInfo is no usable key: off the curve, too large, unknown. A key that came
 * by before is imported, and kept. An RSA key that comes for the first time is not: to import it, and to collect it, costs more than to
 * hand over the key as it is.
 */
function verificationKey(spki: Uint8Array): VerifyingKey | undefined {
  const same = byIdentity.get(spki)
  if (same !== undefined) return same
  if (spki.length > MAX_CACHED) return readKey(spki)
  if (!isShared(spki) && !seen.again(spki)) return readKey(spki, keyForOnce)
  const name = cacheKey(spki)
  const cached = keys.get(name)
  const key = cached === undefined ? readKey(spki) : (cached ?? undefined)
  if (cached === undefined) keys.set(name, key ?? null)
  if (key !== undefined && isShared(spki)) byIdentity.set(spki, key)
  return key
}

function readKey(
  spki: Uint8Array,
  take: (key: PublicNumbers, spki: Uint8Array) => VerifyingKey | undefined = importKey,
): VerifyingKey | undefined {
  const numbers = readPublicNumbers(spki, issuerPublicKey(spki))
  return numbers !== undefined && isModest(numbers) ? take(numbers, spki) : undefined
}

/** Asked before OpenSSL sees the key: that makes a number of the exponent in a time that grows with the square of its length. */
function isModest(key: PublicNumbers): boolean {
  switch (key.type) {
    case 'RSA':
      return bits(key.modulus) <= MAX_RSA_BITS && key.exponent <= MAX_RSA_EXPONENT
    case 'DSA':
      return bits(key.p) <= MAX_DSA_BITS
    case 'EC':
      return ISSUER_CURVES.includes(key.curve)
  }
}

const bits = (number: Uint8Array): number => number.length * 8 - Math.clz32(number[0] ?? 0) + 24

/**
 * Does `signature` over `data` verify under the key? True only for a key of the scheme's own kind and a signature in the
 * scheme's own encoding: strict DER for ECDSA and DSA (minimal, positive, nothing after it), full length for r || s and RSA.
 * Never throws.
 */
export function verifySignature(
  scheme: SignatureScheme,
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = verificationKey(spki)
  if (key === undefined || key.type !== KEY_TYPE[scheme.key]) return false
  const encoding = scheme.encoding ?? 'der'
  if (scheme.key !== 'rsa' && encoding === 'der' && !isStrictSignature(signature)) return false
  return verifyWith(scheme.hash, key, data, signature, encoding)
}
