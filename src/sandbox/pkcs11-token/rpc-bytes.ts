/** Bounded reading and plain writing of the protocol's integers and counted arrays. */

/** The body ends early or holds a length that cannot be. */
export class RpcFormatError extends Error {
  override readonly name = 'RpcFormatError'
}

const NULL_ARRAY = 0xffffffff
const LENGTH_LIMIT = 0x7fffffff

export class RpcReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  #advance(length: number): number {
    if (length > this.remaining) throw new RpcFormatError('the message ends early')
    const at = this.#at
    this.#at += length
    return at
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#advance(1))
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4))
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#advance(8))
  }

  /** A copy, so that nothing keeps the whole frame alive; null for a NULL array. */
  array(): Uint8Array | null {
    const length = this.u32()
    if (length === NULL_ARRAY) return null
    if (length >= LENGTH_LIMIT) throw new RpcFormatError('array too long')
    const at = this.#advance(length)
    return Uint8Array.from(this.#bytes.subarray(at, at + length))
  }

  /** A count of items that each take at least `itemSize` bytes: checked against what is left before anything is allocated. */
  count(itemSize: number): number {
    const count = this.u32()
    if (count * itemSize > this.remaining) throw new RpcFormatError('count beyond the end of the message')
    return count
  }
}

export class RpcWriter {
  readonly #parts: Uint8Array[] = []

  u8(value: number): this {
    this.#parts.push(Uint8Array.of(value))
    return this
  }

  u32(value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    this.#parts.push(bytes)
    return this
  }

  u64(value: bigint): this {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(value)
    this.#parts.push(bytes)
    return this
  }

  array(value: Uint8Array | null): this {
    if (value === null) return this.u32(NULL_ARRAY)
    this.u32(value.length)
    this.#parts.push(value)
    return this
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#parts)
  }
}

/** CK_ULONG as an x86-64 or arm64 application holds it in memory. */
export function ulongToMemory(value: bigint | number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return Uint8Array.from(bytes)
}

export function ulongFromMemory(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of [...bytes].reverse()) value = (value << 8n) | BigInt(byte)
  return value
}
