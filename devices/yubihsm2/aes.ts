/** The three uses of AES-128 in the secure channel. */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { Crypto } from '@peculiar/webcrypto'

const { subtle } = new Crypto()
const CMAC = { name: 'AES-CMAC', length: 128 }

/** AES-CMAC (RFC 4493), 16 bytes. node:crypto has none, hence @peculiar/webcrypto. */
export async function aesCmac(key: Uint8Array, data: Uint8Array): Promise<Buffer> {
  const cmacKey = await subtle.importKey('raw', key, CMAC, false, ['sign'])
  return Buffer.from(await subtle.sign(CMAC, cmacKey, data))
}

/** One block without padding: how the channel makes an IV from its counter. WebCrypto has no ECB. */
export function aesBlock(key: Uint8Array, block: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()])
}

/** CBC over whole blocks. The channel pads by itself; WebCrypto's CBC always adds PKCS #7 padding, hence node:crypto. */
export function aesCbcEncrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false)
  return Buffer.concat([cipher.update(blocks), cipher.final()])
}

/** Throws where `blocks` is not a multiple of 16 bytes. */
export function aesCbcDecrypt(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-128-cbc', key, iv).setAutoPadding(false)
  return Buffer.concat([decipher.update(blocks), decipher.final()])
}
