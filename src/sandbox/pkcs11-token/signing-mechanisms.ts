/** What C_Sign and C_Verify do for each mechanism. PKCS#11 2.40 mechanisms, 2.1 and 2.3. */
import { constants, createHash, type KeyObject, privateEncrypt, publicDecrypt, sign, verify } from 'node:crypto'
import { CKK, CKM } from '../../../devices/pkcs11/pkcs11-constants.ts'
import { signHash, verifyHash } from './ecdsa.ts'
import { CryptokiError } from './return-values.ts'

export interface SigningMechanism {
  readonly keyType: number
  /** Takes its data in pieces. */
  readonly multipart: boolean
  sign(key: KeyObject, data: Uint8Array): Uint8Array
  verify(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean
}

type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512'

const rsaWithHash = (hash: Hash): SigningMechanism => ({
  keyType: CKK.RSA,
  multipart: true,
  sign: (key, data) => sign(hash, data, key),
  verify: (key, data, signature) => verify(hash, data, key, signature),
})

const ecdsaWithHash = (hash: Hash): SigningMechanism => ({
  keyType: CKK.EC,
  multipart: true,
  sign: (key, data) => signHash(key, createHash(hash).update(data).digest()),
  verify: (key, data, signature) => verifyHash(key, createHash(hash).update(data).digest(), signature),
})

/** Type 1 padding takes at least 11 octets (PKCS#1 v1.5). */
const PADDING = 11

const rsaPkcs: SigningMechanism = {
  keyType: CKK.RSA,
  multipart: false,
  sign: (key, data) => {
    if (data.length > signatureLength(key) - PADDING) throw new CryptokiError('CKR_DATA_LEN_RANGE')
    return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, data)
  },
  verify: (key, data, signature) => {
    try {
      return publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature).equals(data)
    } catch {
      return false
    }
  },
}

const ecdsa: SigningMechanism = {
  keyType: CKK.EC,
  multipart: false,
  sign: (key, data) => {
    if (data.length === 0 || data.length > 64) throw new CryptokiError('CKR_DATA_LEN_RANGE')
    return signHash(key, data)
  },
  verify: verifyHash,
}

export const SIGNING_MECHANISMS: ReadonlyMap<number, SigningMechanism> = new Map([
  [CKM.RSA_PKCS, rsaPkcs],
  [CKM.SHA1_RSA_PKCS, rsaWithHash('sha1')],
  [CKM.SHA256_RSA_PKCS, rsaWithHash('sha256')],
  [CKM.SHA384_RSA_PKCS, rsaWithHash('sha384')],
  [CKM.SHA512_RSA_PKCS, rsaWithHash('sha512')],
  [CKM.ECDSA, ecdsa],
  [CKM.ECDSA_SHA1, ecdsaWithHash('sha1')],
  [CKM.ECDSA_SHA256, ecdsaWithHash('sha256')],
  [CKM.ECDSA_SHA384, ecdsaWithHash('sha384')],
  [CKM.ECDSA_SHA512, ecdsaWithHash('sha512')],
  // Older Luna clients number these themselves (cryptoki_v2.h).
  [0x80000123, ecdsaWithHash('sha256')],
  [0x80000124, ecdsaWithHash('sha384')],
  [0x80000125, ecdsaWithHash('sha512')],
])

/** Octets of a signature by this key. */
export function signatureLength(key: KeyObject): number {
  const details = key.asymmetricKeyDetails
  if (details?.modulusLength !== undefined) return Math.ceil(details.modulusLength / 8)
  const halves: Readonly<Record<string, number>> = { prime256v1: 32, secp384r1: 48, secp521r1: 66 }
  return 2 * (halves[details?.namedCurve ?? ''] ?? 0)
}
