/** Writes nCore marshalling and DDDS, for test worlds. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts)

/** 32 bits, little-endian. */
export function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Length word and little-endian bytes in whole words. Takes a number or its big-endian bytes. */
export function bignum(value: bigint | Uint8Array): Uint8Array {
  const hex = typeof value === 'bigint' ? value.toString(16) : Buffer.from(value).toString('hex')
  const minimal = hex.replace(/^0+/, '').padStart(1, '0')
  const bytes = Buffer.from(minimal.padStart(Math.ceil(minimal.length / 8) * 8, '0'), 'hex').reverse()
  return concat(word(bytes.length), bytes)
}

/** Text with its NUL, padded to a word. */
export function text(value: string): Uint8Array {
  const length = value.length + 1
  const bytes = Buffer.alloc(Math.ceil(length / 4) * 4)
  bytes.write(value, 'latin1')
  return concat(word(length), bytes)
}

/** M_KeyHashEx with SHA-1. */
export const keyHashEx = (hash: Uint8Array): Uint8Array => concat(word(44), hash)

export const dddsNumber = (value: number): Uint8Array => Uint8Array.of(value)
export const dddsString = (value: string): Uint8Array => concat(Uint8Array.of(0x20 | value.length), Buffer.from(value))
export const dddsSymbol = (value: string): Uint8Array =>
  value.length < 16
    ? concat(Uint8Array.of(0x30 | value.length), Buffer.from(value))
    : concat(Uint8Array.of(0xc4, value.length), Buffer.from(value))
export const dddsList = (...items: readonly Uint8Array[]): Uint8Array =>
  concat(Uint8Array.of(0x90 | items.length), ...items)
export const dddsBytes = (value: Uint8Array): Uint8Array =>
  value.length < 256
    ? concat(Uint8Array.of(0xc5, value.length), value)
    : concat(Uint8Array.of(0xd5, value.length >> 8, value.length & 0xff), value)

/** Big-endian magnitude without leading zeros. */
export function dddsInteger(value: Uint8Array): Uint8Array {
  let from = 0
  while (from < value.length - 1 && value[from] === 0) from++
  return concat(Uint8Array.of(0xf4), dddsBytes(value.subarray(from)))
}

export const dddsMap = (entries: Readonly<Record<string, Uint8Array>>): Uint8Array =>
  concat(
    Uint8Array.of(0xb0 | Object.keys(entries).length),
    ...Object.entries(entries).flatMap(([name, value]) => [dddsSymbol(name), value]),
  )
