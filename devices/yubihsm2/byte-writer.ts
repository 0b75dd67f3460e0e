/** Big-endian fields of a request; put together with `concat`. */
export const u8 = (value: number): Buffer => Buffer.of(value)

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}

/** Text in UTF-8, padded with zeros. Throws RangeError where it is longer. */
export function padded(text: string, length: number): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length > length) throw new RangeError(`"${text}" is longer than ${length} bytes`)
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length)])
}

export const concat = (...parts: readonly Uint8Array[]): Buffer => Buffer.concat(parts)
