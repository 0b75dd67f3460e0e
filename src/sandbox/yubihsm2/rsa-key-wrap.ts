/** CKM_RSA_AES_KEY_WRAP (PKCS#11 3.0, 6.1.22): an AES key under OAEP, and the payload under that key with AES-KWP (RFC 5649). */
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { ALGORITHMS } from '../../../devices/yubihsm2/algorithm.ts'
import { concat } from '../../../devices/yubihsm2/byte-writer.ts'
import { refuse } from './command-failure.ts'
import { orInvalid } from './execution.ts'
import { decryptOaep, encryptOaep } from './rsa.ts'

/** AES key octets -> cipher. */
const KWP: Readonly<Record<number, string>> = {
  16: 'id-aes128-wrap-pad',
  24: 'id-aes192-wrap-pad',
  32: 'id-aes256-wrap-pad',
}
const KWP_IV = Buffer.from('a65959a6', 'hex')
const AES_OCTETS: Readonly<Record<number, number>> = {
  [ALGORITHMS.aes128]: 16,
  [ALGORITHMS.aes192]: 24,
  [ALGORITHMS.aes256]: 32,
}

export interface OaepParameters {
  /** Hash of the label; its length names the OAEP hash. */
  readonly labelHash: Uint8Array
  readonly mgfHash: string
}

/** @param algorithm AES algorithm number of the key in between */
export function wrapKey(
  publicKey: KeyObject,
  octets: number,
  algorithm: number,
  oaep: OaepParameters,
  payload: Uint8Array,
): Buffer {
  const length = AES_OCTETS[algorithm]
  const name = length === undefined ? undefined : KWP[length]
  if (length === undefined || name === undefined) throw refuse('invalidData')
  const key = randomBytes(length)
  const cipher = createCipheriv(name, key, KWP_IV)
  const body = concat(cipher.update(payload), cipher.final())
  return concat(encryptOaep(publicKey, octets, key, oaep.labelHash, oaep.mgfHash), body)
}

/** Throws CommandFailure where it does not unwrap. */
export function unwrapKey(privateKey: KeyObject, octets: number, oaep: OaepParameters, wrapped: Uint8Array): Buffer {
  const key = orInvalid(() => decryptOaep(privateKey, wrapped.subarray(0, octets), oaep.labelHash, oaep.mgfHash))
  const name = KWP[key?.length ?? 0]
  if (key === undefined || name === undefined) throw refuse('invalidData')
  return orInvalid(() => {
    const decipher = createDecipheriv(name, key, KWP_IV)
    return concat(decipher.update(wrapped.subarray(octets)), decipher.final())
  })
}
