import { constants, createHash, createPublicKey, hash, type KeyObject, publicDecrypt, verify } from 'node:crypto'
import { gunzipSync, inflateRawSync, crc32 as zlibCrc32 } from 'node:zlib'
import { DIGEST_INFO } from './digest-info.ts'
import type { DigestName, Gunzipped, PublicNumbers } from './public-numbers.ts'

/** The checksum of zip and gzip. */
export const crc32 = (bytes: Uint8Array): number => zlibCrc32(bytes)

/** Lower-case hex. */
export const sha256Hex = (content: Uint8Array | string): string => hash('sha256', content, 'hex')

/** The digest of the parts, one after another. */
export function digest(name: DigestName, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash(name)
  for (const part of parts) state.update(part)
  return state.digest()
}

/** A key that signatures can be verified with. */
export type VerifyingKey = RsaKey | { readonly type: 'EC' | 'DSA'; readonly object: KeyObject }

interface RsaKey {
  readonly type: 'RSA'
  /** Of the modulus, and so of every signature. */
  readonly octets: number
  /** As publicDecrypt takes it: an object, or RSAPublicKey in DER. */
  readonly input: { readonly padding: number } & (
    | { readonly key: KeyObject }
    | { readonly key: Buffer; readonly format: 'der'; readonly type: 'pkcs1' }
  )
}

/**
 * The key of these numbers, undefined if they are none: a point off its curve. `spki` is the same key as SubjectPublicKeyInfo.
 *
 * OpenSSL 3 takes 270 µs to find out what a SubjectPublicKeyInfo holds, and 7 µs to take a modulus and exponent that we have read
 * already. That is most of the cost of a package seen for the first time.
 */
export function importKey(key: PublicNumbers, spki: Uint8Array): VerifyingKey | undefined {
  try {
    const object = keyObject(key, spki)
    if (key.type !== 'RSA') return { type: key.type, object }
    return { type: 'RSA', octets: key.modulus.length, input: { key: object, padding: constants.RSA_PKCS1_PADDING } }
  } catch {
    // node:crypto throws for every kind of malformed key.
    return undefined
  }
}

/** The same for a key that is verified with once: to make an object of an RSA key, and to collect it, costs more than to hand it over. */
export function keyForOnce(key: PublicNumbers, spki: Uint8Array): VerifyingKey | undefined {
  if (key.type !== 'RSA') return importKey(key, spki)
  const { buffer, byteOffset, length } = key.octets
  const der = Buffer.from(buffer, byteOffset, length)
  const input = { key: der, format: 'der', type: 'pkcs1', padding: constants.RSA_PKCS1_PADDING } as const
  return { type: 'RSA', octets: key.modulus.length, input }
}

function keyObject(key: PublicNumbers, spki: Uint8Array): KeyObject {
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
  return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
}

const JWK_CURVES: readonly string[] = ['P-256', 'P-384', 'P-521']

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

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
  try {
    if (key.type === 'RSA') return verifyRsa(name, key, data, signature)
    return verify(name, data, { key: key.object, dsaEncoding: encoding === 'der' ? 'der' : 'ieee-p1363' }, signature)
  } catch {
    // A signature of a wrong length makes node:crypto throw in some versions and say false in others.
    return false
  }
}

/**
 * What OpenSSL's RSA_verify does (crypto/rsa/rsa_sign.c): a signature as long as the modulus, RSA_public_decrypt, which takes off the
 * padding, and a DigestInfo compared whole. crypto.verify puts a signing context around it: 3 of the 25 µs that it takes in a batch.
 */
function verifyRsa(name: DigestName, { octets, input }: RsaKey, data: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== octets) return false
  return publicDecrypt(input, signature).toString('hex') === DIGEST_INFO_HEX[name] + hash(name, data, 'hex')
}

const hexOf = (name: DigestName): string => Buffer.from(DIGEST_INFO[name]).toString('hex')
const DIGEST_INFO_HEX: Readonly<Record<DigestName, string>> = {
  sha1: hexOf('sha1'),
  sha256: hexOf('sha256'),
  sha384: hexOf('sha384'),
  sha512: hexOf('sha512'),
}

/** What is compressed is small. By default node:zlib takes 16 KB at once, and keeps them until the event loop turns if it refuses. */
const CHUNK = 1 << 12

/** Throws if it is damaged, cut off, or more than `most` octets come out. */
export function gunzip(bytes: Uint8Array, most: number): Gunzipped {
  const result: unknown = gunzipSync(bytes, { maxOutputLength: most, chunkSize: CHUNK, info: true })
  // With `info`, node:zlib tells how far it read the input; its types do not know that form.
  if (typeof result === 'object' && result !== null && 'buffer' in result && 'engine' in result) {
    const { buffer, engine } = result
    if (buffer instanceof Uint8Array && typeof engine === 'object' && engine !== null && 'bytesWritten' in engine) {
      return { unpacked: buffer, consumed: Number(engine.bytesWritten) }
    }
  }
  throw new TypeError('node:zlib does not report how much it read')
}

/** The same for bare deflate. */
export const inflateRaw = (bytes: Uint8Array, most: number): Uint8Array =>
  inflateRawSync(bytes, { maxOutputLength: most })
