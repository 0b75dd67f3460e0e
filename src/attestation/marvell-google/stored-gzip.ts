import { crc32 } from '../../primitives/primitives.ts'

/** ID1 ID2, deflate, no flags, no time, no hints, unknown system (RFC 1952 section 2.3). */
const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
/** What one stored block holds (RFC 1951 section 3.2.4). */
const MAX_BLOCK = 0xffff

/**
 * A gzip whose content is stored as it is: the same octets wherever it is written, which no two versions of zlib promise. A statement
 * has 1 to 3 KB before it is compressed.
 */
export function storedGzip(content: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(HEADER)]
  for (let at = 0; at === 0 || at < content.length; at += MAX_BLOCK) {
    const block = content.subarray(at, at + MAX_BLOCK)
    const head = Buffer.alloc(5)
    head.writeUInt8(at + MAX_BLOCK >= content.length ? 1 : 0)
    head.writeUInt16LE(block.length, 1)
    head.writeUInt16LE(~block.length & 0xffff, 3)
    parts.push(head, block)
  }
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(content))
  trailer.writeUInt32LE(content.length, 4)
  return Buffer.concat([...parts, trailer])
}
