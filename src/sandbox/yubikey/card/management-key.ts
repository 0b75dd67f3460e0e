/** The card management key's ciphers (SP 800-78-4 table 6-2). */
import { createCipheriv, createDecipheriv } from 'node:crypto'

export interface ManagementAlgorithm {
  readonly id: number
  readonly keyOctets: number
  readonly blockOctets: number
  readonly cipher: string
}

export const MANAGEMENT_ALGORITHMS: readonly ManagementAlgorithm[] = [
  { id: 0x03, keyOctets: 24, blockOctets: 8, cipher: 'des-ede3-ecb' },
  { id: 0x08, keyOctets: 16, blockOctets: 16, cipher: 'aes-128-ecb' },
  { id: 0x0a, keyOctets: 24, blockOctets: 16, cipher: 'aes-192-ecb' },
  { id: 0x0c, keyOctets: 32, blockOctets: 16, cipher: 'aes-256-ecb' },
]

/** As it leaves the factory, for 3DES and AES-192 alike. */
export const DEFAULT_MANAGEMENT_KEY = Buffer.from('010203040506070801020304050607080102030405060708', 'hex')

export function encryptBlock(algorithm: ManagementAlgorithm, key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithm.cipher, key, null).setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()])
}

export function decryptBlock(algorithm: ManagementAlgorithm, key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createDecipheriv(algorithm.cipher, key, null).setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()])
}
