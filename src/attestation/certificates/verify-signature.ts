import { createPublicKey, KeyObject, verify } from 'node:crypto'
import { readDer, readSequence } from '../../asn1/der.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { readUnsignedBytes } from '../../asn1/der-values.ts'
import { type PublicKey, readablePublicKey } from '../../asn1/public-key.ts'
import { BoundedCache, cacheKey } from '../package/bounded-cache.ts'
import { SeenBefore } from '../package/seen-before.ts'
import type { SignatureScheme } from './signature-algorithm.ts'

/** Bounds on issuers' keys: a larger one costs more time than any vendor's key is worth. */
const MAX_RSA_BITS = 8192
const MAX_RSA_EXPONENT = 1n << 32n
const MAX_DSA_BITS = 4096
/** NIST curves of RFC 5480 that vendors sign with; other curves may be attested keys, never issuers. */
const ISSUER_CURVES: readonly string[] = ['prime256v1', 'secp384r1', 'secp521r1']
/** A longer SubjectPublicKeyInfo is not kept. */
const MAX_CACHED = 2048

const keys = new BoundedCache<KeyObject | null>(512)
/** For the keys of anchors and of shared issuer certificates: the same array, which nobody writes to. */
const byIdentity = new WeakMap<Uint8Array, KeyObject>()

const seen = new SeenBefore()

/** RSAPublicKey (RFC 8017 A.1.1), DER. */
interface RsaKey {
  readonly key: Buffer
  readonly format: 'der'
  readonly type: 'pkcs1'
}

/**
 * What node:crypto verifies with, or undefined where a SubjectPublicKeyInfo is no usable key: off the curve, too large, unknown. A key
 * that came by before becomes a KeyObject, and is kept. An RSA key that comes for the first time does not: to make the object, and to
 * collect it, costs more than to hand over the key as it is.
 */
function verificationKey(spki: Uint8Array): KeyObject | RsaKey | undefined {
  const same = byIdentity.get(spki)
  if (same !== undefined) return same
  if (spki.length > MAX_CACHED) return readKey(spki)
  if (!seen.again(spki)) return rsaKey(spki) ?? readKey(spki)
  const name = cacheKey(spki)
  const cached = keys.get(name)
  const key = cached === undefined ? readKey(spki) : (cached ?? undefined)
  if (cached === undefined) keys.set(name, key ?? null)
  if (key !== undefined) byIdentity.set(spki, key)
  return key
}

function rsaKey(spki: Uint8Array): RsaKey | undefined {
  const key = readablePublicKey(spki)
  if (key?.type !== 'RSA' || !isModest(key.bits, key.exponent)) return undefined
  const { buffer, byteOffset, length } = key.octets
  return { key: Buffer.from(buffer, byteOffset, length), format: 'der', type: 'pkcs1' }
}

function readKey(spki: Uint8Array): KeyObject | undefined {
  const readable = readablePublicKey(spki)
  // Before node:crypto sees it: that makes a number of the exponent in a time that grows with the square of its length.
  if (readable?.type === 'RSA' && !isModest(readable.bits, readable.exponent)) return undefined
  let key: KeyObject
  try {
    const numbers = readable && importNumbers(readable)
    if (numbers !== undefined) return numbers
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    // node:crypto throws for every kind of malformed key; for evidence that is a plain no.
    return undefined
  }
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return isModest(modulusLength, publicExponent) ? key : undefined
    case 'dsa':
      return modulusLength <= MAX_DSA_BITS ? key : undefined
    case 'ec':
      return ISSUER_CURVES.includes(namedCurve) ? key : undefined
    default:
      return undefined
  }
}

const isModest = (modulusBits: number, exponent: bigint): boolean =>
  modulusBits <= MAX_RSA_BITS && exponent <= MAX_RSA_EXPONENT

/**
 * OpenSSL 3 takes 270 µs to find out what a SubjectPublicKeyInfo holds, and 7 µs to take a modulus and exponent that we have read
 * already. That is most of the cost of a package seen for the first time.
 */
function importNumbers(key: PublicKey): KeyObject | undefined {
  const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
  if (key.type === 'RSA') {
    const exponent = key.exponent.toString(16)
    const e = Buffer.from(exponent.padStart(exponent.length + (exponent.length % 2), '0'), 'hex')
    return createPublicKey({ key: { kty: 'RSA', n: base64url(key.modulus), e: base64url(e) }, format: 'jwk' })
  }
  if (key.type === 'EC' && JWK_CURVES.includes(key.curve)) {
    const half = (key.point.length - 1) / 2
    const [x, y] = [key.point.subarray(1, 1 + half), key.point.subarray(1 + half)]
    return createPublicKey({ key: { kty: 'EC', crv: key.curve, x: base64url(x), y: base64url(y) }, format: 'jwk' })
  }
  return undefined
}

/** All of them curves of issuers. */
const JWK_CURVES: readonly string[] = ['P-256', 'P-384', 'P-521']

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
  if (key === undefined || (key instanceof KeyObject ? key.asymmetricKeyType : 'rsa') !== scheme.key) return false
  const encoding = scheme.encoding ?? 'der'
  if (scheme.key !== 'rsa' && encoding === 'der' && !isStrictSignature(signature)) return false
  try {
    if (scheme.key === 'rsa') return verify(scheme.hash, data, key, signature)
    if (!(key instanceof KeyObject)) return false
    return verify(scheme.hash, data, { key, dsaEncoding: encoding === 'der' ? 'der' : 'ieee-p1363' }, signature)
  } catch {
    // A signature of a wrong length makes node:crypto throw in some versions and say false in others.
    return false
  }
}

/** SEQUENCE { r INTEGER, s INTEGER }, both positive, in DER (RFC 3279 2.2.2 and 2.2.3). */
function isStrictSignature(signature: Uint8Array): boolean {
  const numbers = ifReadable(() =>
    readSequence(readDer(signature, { maxSize: 1024, maxDepth: 1, maxNodes: 3 }), 'signature').map((part) =>
      readUnsignedBytes(part, 'r or s'),
    ),
  )
  return numbers?.length === 2 && numbers.every((number) => number.some((byte) => byte !== 0))
}
