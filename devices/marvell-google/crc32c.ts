/** CRC-32C (Castagnoli, RFC 3720 appendix B.4), reflected. Node's zlib.crc32 is the IEEE polynomial and will not do. */
const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
  return value
})

export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}

/** As the API's JSON writes an int64: decimal text. */
export const crc32cText = (data: Uint8Array): string => String(crc32c(data))
