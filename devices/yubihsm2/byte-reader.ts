/** Reads fixed fields of a reply in order; every read is bounded by what is there. */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #short: () => Error
  #at = 0

  /** @param short what to throw where the bytes end too early or go on too long */
  constructor(bytes: Uint8Array, short: () => Error) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#short = short
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  bytes(length: number): Buffer {
    if (length < 0 || length > this.remaining) throw this.#short()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  rest(): Buffer {
    return this.bytes(this.remaining)
  }

  u8(): number {
    return this.bytes(1).readUInt8()
  }

  u16(): number {
    return this.bytes(2).readUInt16BE()
  }

  u32(): number {
    return this.bytes(4).readUInt32BE()
  }

  u64(): bigint {
    return this.bytes(8).readBigUInt64BE()
  }

  /** Nothing may follow. */
  end(): void {
    if (this.remaining > 0) throw this.#short()
  }
}
