/** RSA over finished digests with the paddings of RFC 8017, on top of the bare RSA operation of node:crypto. */
import {
  constants,
  createHash,
  createPrivateKey,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  privateEncrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'
import { promisify } from 'node:util'
import { exportJwk } from '../../../devices/export-jwk.ts'
import { ALGORITHMS } from '../../../devices/yubihsm2/algorithm.ts'
import { concat, u32 } from '../../../devices/yubihsm2/byte-writer.ts'
import { nullValue, octetString, oid, sequence } from '../../asn1/der-writer.ts'
import { inverse } from './elliptic-curve.ts'

/** Algorithm -> octets of the modulus. */
export const RSA_OCTETS: Readonly<Record<number, number>> = {
  [ALGORITHMS.rsa2048]: 256,
  [ALGORITHMS.rsa3072]: 384,
  [ALGORITHMS.rsa4096]: 512,
}

/** Digest length -> hash. */
export const HASHES: Readonly<Record<number, { readonly name: string; readonly oid: string }>> = {
  20: { name: 'sha1', oid: '1.3.14.3.2.26' },
  32: { name: 'sha256', oid: '2.16.840.1.101.3.4.2.1' },
  48: { name: 'sha384', oid: '2.16.840.1.101.3.4.2.2' },
  64: { name: 'sha512', oid: '2.16.840.1.101.3.4.2.3' },
}

const fromBase64 = (text: string | undefined): bigint =>
  BigInt(`0x${Buffer.from(text ?? '', 'base64url').toString('hex')}`)
const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const toBase64 = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

/** p and q, each half as long as the modulus. */
export async function generatePrimes(octets: number): Promise<Buffer> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: octets * 8 })
  const { p, q } = exportJwk(privateKey)
  const half = (value: string | undefined): Buffer =>
    Buffer.from(fromBase64(value).toString(16).padStart(octets, '0'), 'hex')
  return concat(half(p), half(q))
}

/** Private key from p and q with e = 65537. Throws where they are no such primes. */
export function privateKeyFromPrimes(primes: Uint8Array): KeyObject {
  const half = primes.length / 2
  const p = toBigInt(primes.subarray(0, half))
  const q = toBigInt(primes.subarray(half))
  const e = 65537n
  const d = inverse(e, (p - 1n) * (q - 1n))
  const jwk = { kty: 'RSA', n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
  const key = Object.fromEntries(
    Object.entries(jwk).map(([name, value]) => [name, typeof value === 'bigint' ? toBase64(value) : value]),
  )
  return createPrivateKey({ key, format: 'jwk' })
}

/** The modulus, as long as the key. */
export const modulusOf = (primes: Uint8Array): Buffer => {
  const half = primes.length / 2
  const n = toBigInt(primes.subarray(0, half)) * toBigInt(primes.subarray(half))
  return Buffer.from(n.toString(16).padStart(primes.length * 2, '0'), 'hex')
}

/** A digest gets its DigestInfo; anything else is taken as a finished one. */
export function signPkcs1(key: KeyObject, digest: Uint8Array): Buffer {
  const hash = HASHES[digest.length]
  const info = hash === undefined ? digest : sequence(sequence(oid(hash.oid), nullValue()), octetString(digest))
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, info)
}

const raw = (key: KeyObject, bytes: Uint8Array): Buffer =>
  privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, bytes)

function mgf1(hash: string, seed: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = []
  for (let i = 0, have = 0; have < length; i++) {
    const block = createHash(hash).update(seed).update(u32(i)).digest()
    blocks.push(block)
    have += block.length
  }
  return Buffer.concat(blocks).subarray(0, length)
}

const xor = (a: Uint8Array, b: Uint8Array): Buffer => Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)))

/** EMSA-PSS (RFC 8017 9.1.1), modulus length a multiple of 8. Throws RangeError where salt and digest do not fit. */
export function signPss(
  key: KeyObject,
  octets: number,
  digest: Uint8Array,
  mgfHash: string,
  saltLength: number,
): Buffer {
  const hash = HASHES[digest.length]
  if (hash === undefined || octets < digest.length + saltLength + 2) throw new RangeError('salt or digest do not fit')
  const salt = randomBytes(saltLength)
  const h = createHash(hash.name).update(Buffer.alloc(8)).update(digest).update(salt).digest()
  const zeros = Buffer.alloc(octets - saltLength - digest.length - 2)
  const block = concat(zeros, Uint8Array.of(1), salt)
  const masked = xor(block, mgf1(mgfHash, h, block.length))
  masked[0] = (masked[0] ?? 0) & 0x7f
  return raw(key, concat(masked, h, Uint8Array.of(0xbc)))
}

/** The message of a PKCS #1 v1.5 encryption; undefined where the padding is none (RFC 8017 7.2.2). */
export function decryptPkcs1(key: KeyObject, ciphertext: Uint8Array): Buffer | undefined {
  const block = raw(key, ciphertext)
  const end = block.indexOf(0, 2)
  return block[0] !== 0 || block[1] !== 2 || end < 10 ? undefined : block.subarray(end + 1)
}

/** MGF1 algorithm number -> hash. */
export const MGF_HASHES: Readonly<Record<number, string>> = {
  [ALGORITHMS['mgf1-sha1']]: 'sha1',
  [ALGORITHMS['mgf1-sha256']]: 'sha256',
  [ALGORITHMS['mgf1-sha384']]: 'sha384',
  [ALGORITHMS['mgf1-sha512']]: 'sha512',
}

/** OAEP with a given label hash and MGF1 hash (RFC 8017 7.1.1). Throws RangeError where the message does not fit. */
export function encryptOaep(
  key: KeyObject,
  octets: number,
  message: Uint8Array,
  labelHash: Uint8Array,
  mgfHash: string,
): Buffer {
  const zeros = octets - message.length - 2 * labelHash.length - 2
  if (zeros < 0) throw new RangeError('the message does not fit')
  const seed = randomBytes(labelHash.length)
  const data = concat(labelHash, Buffer.alloc(zeros), Uint8Array.of(1), message)
  const maskedData = xor(data, mgf1(mgfHash, seed, data.length))
  const maskedSeed = xor(seed, mgf1(mgfHash, maskedData, seed.length))
  return publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, concat(Uint8Array.of(0), maskedSeed, maskedData))
}

/** OAEP with a given label hash and MGF1 hash (RFC 8017 7.1.2); undefined where it does not decode. */
export function decryptOaep(
  key: KeyObject,
  ciphertext: Uint8Array,
  labelHash: Uint8Array,
  mgfHash: string,
): Buffer | undefined {
  const block = raw(key, ciphertext)
  const maskedSeed = block.subarray(1, 1 + labelHash.length)
  const maskedData = block.subarray(1 + labelHash.length)
  const seed = xor(maskedSeed, mgf1(mgfHash, maskedData, maskedSeed.length))
  const data = xor(maskedData, mgf1(mgfHash, seed, maskedData.length))
  const one = data.indexOf(1, labelHash.length)
  const good =
    block[0] === 0 &&
    data.subarray(0, labelHash.length).equals(labelHash) &&
    one >= 0 &&
    data.subarray(labelHash.length, one).every((byte) => byte === 0)
  return good ? data.subarray(one + 1) : undefined
}
