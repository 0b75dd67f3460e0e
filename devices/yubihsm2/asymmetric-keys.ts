/**
 * The key agreement of asymmetric authentication (firmware 2.3 and newer): ephemeral and static ECDH on P-256, X9.63 KDF with
 * SHA-256, shared information 3C 88 10 (GlobalPlatform SCP11; python-yubihsm core.py `AsymmetricAuth`).
 */
import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { exportJwk } from '../export-jwk.ts'
import { concat, u32 } from './byte-writer.ts'
import type { SessionKeys } from './session-keys.ts'

/** 04 X Y. */
export const POINT_LENGTH = 65
export const RECEIPT_LENGTH = 16
const SHARED_INFO = Uint8Array.of(0x3c, 0x88, 0x10)

/** A P-256 public key from its uncompressed point. Throws where the point is not on the curve. */
export function keyFromPoint(point: Uint8Array): KeyObject {
  if (point.length !== POINT_LENGTH || point[0] !== 4) throw new RangeError('not an uncompressed P-256 point')
  const x = Buffer.from(point.subarray(1, 33)).toString('base64url')
  const y = Buffer.from(point.subarray(33)).toString('base64url')
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
}

/** The uncompressed point of a P-256 key, private or public. */
export function pointOf(key: KeyObject): Buffer {
  const jwk = exportJwk(key.type === 'private' ? createPublicKey(key) : key)
  if (jwk.crv !== 'P-256' || jwk.x === undefined || jwk.y === undefined) throw new RangeError('not a P-256 key')
  return concat(Uint8Array.of(4), Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url'))
}

export interface AgreedKeys extends SessionKeys {
  /** Makes and checks the receipt. */
  readonly receipt: Uint8Array
}

/** Both sides reach the same keys: each brings its private and the other's public halves, ephemeral pair first. */
export function agreeKeys(
  own: { readonly ephemeral: KeyObject; readonly fixed: KeyObject },
  peer: { readonly ephemeral: KeyObject; readonly fixed: KeyObject },
): AgreedKeys {
  const secret = concat(
    diffieHellman({ privateKey: own.ephemeral, publicKey: peer.ephemeral }),
    diffieHellman({ privateKey: own.fixed, publicKey: peer.fixed }),
  )
  const block = (counter: number): Buffer =>
    createHash('sha256').update(secret).update(u32(counter)).update(SHARED_INFO).digest()
  const bytes = concat(block(1), block(2))
  return {
    receipt: bytes.subarray(0, 16),
    encryption: bytes.subarray(16, 32),
    mac: bytes.subarray(32, 48),
    replyMac: bytes.subarray(48, 64),
  }
}

/** What an operator may give as P-256 private key: PEM (PKCS #8 or SEC 1), 32 raw bytes or their hex. Throws where it is none. */
export function readPrivateKey(secret: Uint8Array): KeyObject {
  const text = Buffer.from(secret).toString('latin1').trim()
  const key = text.startsWith('-----BEGIN')
    ? createPrivateKey(text)
    : fromScalar(/^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : secret)
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new RangeError('not a P-256 key')
  return key
}

/** SEC 1 ECPrivateKey without the public half: a fixed prefix, the scalar, the curve's name. */
function fromScalar(scalar: Uint8Array): KeyObject {
  if (scalar.length !== 32) throw new RangeError('a raw P-256 private key has 32 bytes')
  const der = concat(Buffer.from('30310201010420', 'hex'), scalar, Buffer.from('a00a06082a8648ce3d030107', 'hex'))
  return createPrivateKey({ key: der, format: 'der', type: 'sec1' })
}

/** A pinned device key: PEM, or the hex of X Y with or without the leading 04. Throws where it is none. */
export function readDevicePublicKey(text: string): KeyObject {
  const trimmed = text.trim()
  if (trimmed.startsWith('-----BEGIN')) {
    const key = createPublicKey(trimmed)
    pointOf(key)
    return key
  }
  const hex = trimmed.replace(/[\s:]/g, '')
  if (!/^(04)?[0-9a-f]{128}$/i.test(hex)) throw new RangeError('neither PEM nor 128 hex digits')
  return keyFromPoint(Buffer.from(hex.length === 128 ? `04${hex}` : hex, 'hex'))
}
