/** The door's other side where there is no Node.js: the same exports as `node.ts`, in JavaScript alone. */
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { digest } from './portable/digest.ts'

export { digest } from './portable/digest.ts'
export { importKey, importKey as keyForOnce, type VerifyingKey, verifyWith } from './portable/signature.ts'
export { crc32, gunzip, inflateRaw } from './portable/zlib.ts'

/** Lower-case hex. */
export const sha256Hex = (content: Uint8Array | string): string =>
  bytesToHex(digest('sha256', typeof content === 'string' ? utf8ToBytes(content) : content))
