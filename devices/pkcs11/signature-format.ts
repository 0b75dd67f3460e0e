import { createHash } from 'node:crypto'
import type { HashName } from '../device.ts'
import { CKM } from './pkcs11-constants.ts'

/** node:crypto name, DigestInfo up to the digest (RFC 8017 section 9.2 note 1), and the mechanisms that hash themselves. */
export const HASHES: Readonly<
  Record<HashName, { readonly node: string; readonly digestInfo: string; readonly rsa: number; readonly ecdsa: number }>
> = {
  'SHA-256': {
    node: 'sha256',
    digestInfo: '3031300d060960864801650304020105000420',
    rsa: CKM.SHA256_RSA_PKCS,
    ecdsa: CKM.ECDSA_SHA256,
  },
  'SHA-384': {
    node: 'sha384',
    digestInfo: '3041300d060960864801650304020205000430',
    rsa: CKM.SHA384_RSA_PKCS,
    ecdsa: CKM.ECDSA_SHA384,
  },
  'SHA-512': {
    node: 'sha512',
    digestInfo: '3051300d060960864801650304020305000440',
    rsa: CKM.SHA512_RSA_PKCS,
    ecdsa: CKM.ECDSA_SHA512,
  },
}

const digest = (hash: HashName, data: Uint8Array): Buffer => createHash(HASHES[hash].node).update(data).digest()

/** What CKM_RSA_PKCS pads and signs: the DigestInfo. */
export const digestInfo = (hash: HashName, data: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(HASHES[hash].digestInfo, 'hex'), digest(hash, data)])

/** What CKM_ECDSA signs: the leftmost bits of the digest that fit the curve (FIPS 186-5 section 6.4.1). */
export const ecdsaInput = (hash: HashName, data: Uint8Array, fieldBytes: number): Buffer =>
  digest(hash, data).subarray(0, fieldBytes)

/**
 * CKM_ECDSA gives r and s as two halves; X.509 wants a DER Ecdsa-Sig-Value (RFC 3279 section 2.2.3).
 * Throws RangeError where the halves are not `fieldBytes` long each.
 */
export function ecdsaSignatureToDer(raw: Uint8Array, fieldBytes: number): Uint8Array {
  if (raw.length !== 2 * fieldBytes)
    throw new RangeError(`a signature of ${raw.length} bytes, expected ${2 * fieldBytes}`)
  const content = Buffer.concat([derInteger(raw.subarray(0, fieldBytes)), derInteger(raw.subarray(fieldBytes))])
  return Uint8Array.from([0x30, content.length, ...content])
}

/** Of at most 48 bytes here, so that every length fits one octet. */
function derInteger(magnitude: Uint8Array): Buffer {
  let from = 0
  while (from < magnitude.length - 1 && magnitude[from] === 0) from++
  const bytes = magnitude.subarray(from)
  const sign = (bytes[0] ?? 0) >= 0x80 ? [0] : []
  return Buffer.from([0x02, bytes.length + sign.length, ...sign, ...bytes])
}
