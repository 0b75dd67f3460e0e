/** The raw operations of a PIV card: RSA without padding, ECDSA over a ready hash, key agreement. */
import {
  constants,
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPair,
  type KeyObject,
  privateDecrypt,
  sign,
} from 'node:crypto'
import { promisify } from 'node:util'
import { exportJwk } from '../../../../devices/export-jwk.ts'
import { integer, sequence } from '../../../asn1/der-writer.ts'
import { signHash } from '../../pkcs11-token/ecdsa.ts'
import type { KeyType } from './key-type.ts'
import { ensure, StatusError, SW } from './status-word.ts'
import { writeTlv } from './tlv.ts'

const generate = promisify(generateKeyPair)

/** RSA takes as long as OpenSSL takes; the event loop stays free. */
export async function generatePrivateKey(type: KeyType): Promise<KeyObject> {
  if (type.kind === 'rsa') return (await generate('rsa', { modulusLength: type.bits })).privateKey
  if (type.curve) return (await generate('ec', { namedCurve: type.curve.openssl })).privateKey
  return type.kind === 'ed25519' ? (await generate('ed25519')).privateKey : (await generate('x25519')).privateKey
}

export const spkiOf = (key: KeyObject): Uint8Array => createPublicKey(key).export({ type: 'spki', format: 'der' })

const fromBase64url = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url')
const scalarOf = (key: KeyObject): Buffer => fromBase64url(exportJwk(key).d)

/** The inside of 7F49: 81 modulus, 82 exponent; or 86 point. */
export function publicKeyTlvs(type: KeyType, key: KeyObject): Uint8Array {
  const jwk = exportJwk(createPublicKey(key))
  if (type.kind === 'rsa') {
    return Buffer.concat([writeTlv(0x81, fromBase64url(jwk.n)), writeTlv(0x82, fromBase64url(jwk.e))])
  }
  if (!type.curve) return writeTlv(0x86, fromBase64url(jwk.x))
  return writeTlv(0x86, Uint8Array.of(4), fromBase64url(jwk.x), fromBase64url(jwk.y))
}

/** Tag 81: a padded block for RSA, a hash for EC, the message for Ed25519. Throws StatusError 6A80. */
export function signRaw(type: KeyType, key: KeyObject, data: Uint8Array): Uint8Array {
  if (type.kind === 'rsa') {
    ensure(data.length === type.bits / 8, SW.wrongData)
    return orWrongData(() => privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, data))
  }
  if (type.kind === 'ed25519') return sign(null, data, key)
  ensure(type.curve !== undefined && data.length > 0, SW.wrongData)
  const raw = signHash(key, data)
  return sequence(integer(raw.subarray(0, raw.length / 2)), integer(raw.subarray(raw.length / 2)))
}

/** Tag 85: the peer's point. Returns the shared secret's x coordinate. Throws StatusError 6A80. */
export function agree(type: KeyType, key: KeyObject, peer: Uint8Array): Uint8Array {
  return orWrongData(() => {
    if (type.kind === 'x25519') {
      const jwk = { kty: 'OKP', crv: 'X25519', x: Buffer.from(peer).toString('base64url') }
      return diffieHellman({ privateKey: key, publicKey: createPublicKey({ key: jwk, format: 'jwk' }) })
    }
    ensure(type.curve !== undefined && peer.length === 1 + type.bits / 4, SW.wrongData)
    const ecdh = createECDH(type.curve.openssl)
    ecdh.setPrivateKey(scalarOf(key))
    return ecdh.computeSecret(peer)
  })
}

/** What OpenSSL refuses (a point off the curve, a block above the modulus) is the host's fault. */
export function orWrongData<T>(operation: () => T): T {
  try {
    return operation()
  } catch {
    throw new StatusError(SW.wrongData)
  }
}
