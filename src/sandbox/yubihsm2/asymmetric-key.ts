/** Key pairs of the double: how each algorithm is made, imported and shown. */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { exportJwk } from '../../../devices/export-jwk.ts'
import { ALGORITHMS } from '../../../devices/yubihsm2/algorithm.ts'
import { refuse } from './command-failure.ts'
import { CURVES, privateKeyOf, publicPoint, randomScalar, scalarOf } from './elliptic-curve.ts'
import { generatePrimes, modulusOf, privateKeyFromPrimes, RSA_OCTETS } from './rsa.ts'

/** PKCS #8 of an Ed25519 seed without the seed (RFC 8410 7). */
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** What `put asymmetric key` would carry. Throws CommandFailure for an algorithm that is no key type. */
export async function generateKeyBytes(algorithm: number): Promise<Buffer> {
  const octets = RSA_OCTETS[algorithm]
  const curve = CURVES[algorithm]
  if (octets !== undefined) return generatePrimes(octets)
  if (curve !== undefined) return randomScalar(curve)
  if (algorithm === ALGORITHMS.ed25519) return randomBytes(32)
  throw refuse('invalidData')
}

/** The private key of those bytes. Throws CommandFailure where their number is wrong, other errors where they are no key. */
export function privateKeyFrom(algorithm: number, bytes: Buffer): KeyObject {
  const octets =
    RSA_OCTETS[algorithm] ?? CURVES[algorithm]?.octets ?? (algorithm === ALGORITHMS.ed25519 ? 32 : undefined)
  if (octets === undefined) throw refuse('invalidData')
  if (bytes.length !== octets) throw refuse('wrongLength')
  const curve = CURVES[algorithm]
  if (curve !== undefined) return privateKeyOf(curve, bytes)
  if (algorithm === ALGORITHMS.ed25519) {
    return createPrivateKey({ key: Buffer.concat([ED25519_PKCS8, bytes]), format: 'der', type: 'pkcs8' })
  }
  return privateKeyFromPrimes(bytes)
}

/** As `get public key` shows it: modulus, X Y, or 32 bytes. */
export function publicBytes(algorithm: number, bytes: Buffer, key: KeyObject): Buffer {
  const curve = CURVES[algorithm]
  if (curve !== undefined) return publicPoint(curve, bytes)
  if (RSA_OCTETS[algorithm] !== undefined) return modulusOf(bytes)
  return Buffer.from(exportJwk(createPublicKey(key)).x ?? '', 'base64url')
}

export const spkiOf = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' })

/** A PKCS #8 key as `put asymmetric key` would carry it. Throws where it is not a key of that algorithm. */
export function importBytes(algorithm: number, pkcs8: Buffer): Buffer {
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  const curve = CURVES[algorithm]
  if (curve !== undefined) return scalarOf(curve, key)
  const { p, q, d } = exportJwk(key)
  const parts = RSA_OCTETS[algorithm] === undefined ? [d] : [p, q]
  return Buffer.concat(parts.map((part) => Buffer.from(part ?? '', 'base64url')))
}
