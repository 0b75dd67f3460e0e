import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { readDer, readSequence, readUnsignedBytes } from '../asn1/der.ts'
import { DerError } from '../asn1/der-error.ts'
import { BoundedCache, cacheKey } from './bounded-cache.ts'
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

/** The key object of a SubjectPublicKeyInfo (cached), or undefined where it is no usable key: off the curve, too large, unknown. */
export function publicKeyObject(spki: Uint8Array): KeyObject | undefined {
  if (spki.length > MAX_CACHED) return readKey(spki)
  const name = cacheKey(spki)
  const cached = keys.get(name)
  if (cached !== undefined) return cached ?? undefined
  const key = readKey(spki)
  keys.set(name, key ?? null)
  return key
}

function readKey(spki: Uint8Array): KeyObject | undefined {
  let key: KeyObject
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    // node:crypto throws for every kind of malformed key; for evidence that is a plain no.
    return undefined
  }
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return modulusLength <= MAX_RSA_BITS && publicExponent <= MAX_RSA_EXPONENT ? key : undefined
    case 'dsa':
      return modulusLength <= MAX_DSA_BITS ? key : undefined
    case 'ec':
      return ISSUER_CURVES.includes(namedCurve) ? key : undefined
    default:
      return undefined
  }
}

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
  const key = publicKeyObject(spki)
  if (key === undefined || key.asymmetricKeyType !== scheme.key) return false
  const encoding = scheme.encoding ?? 'der'
  if (scheme.key !== 'rsa' && encoding === 'der' && !isStrictSignature(signature)) return false
  try {
    if (scheme.key === 'rsa') return verify(scheme.hash, data, key, signature)
    return verify(scheme.hash, data, { key, dsaEncoding: encoding === 'der' ? 'der' : 'ieee-p1363' }, signature)
  } catch {
    // A signature of a wrong length makes node:crypto throw in some versions and say false in others.
    return false
  }
}

/** SEQUENCE { r INTEGER, s INTEGER }, both positive, in DER (RFC 3279 2.2.2 and 2.2.3). */
function isStrictSignature(signature: Uint8Array): boolean {
  try {
    const node = readDer(signature, { maxSize: 1024, maxDepth: 1, maxNodes: 3 })
    const parts = readSequence(node, 'signature')
    return parts.length === 2 && parts.every((part) => readUnsignedBytes(part, 'r or s').some((byte) => byte !== 0))
  } catch (error) {
    if (error instanceof DerError) return false
    throw error
  }
}
