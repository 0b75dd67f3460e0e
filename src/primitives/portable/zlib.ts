/** Decompression by pako, which is zlib written in JavaScript: it refuses what zlib refuses. */
import { Inflate, type ZStream } from 'pako'
import type { Gunzipped } from '../public-numbers.ts'

const CHUNK = 1 << 12

/** Stops as soon as more comes out than may. */
class Bounded extends Inflate {
  readonly #most: number
  #length = 0
  #stream: ZStream | undefined

  constructor(most: number, format: { readonly raw: true } | { readonly windowBits: 31 }) {
    super({ ...format, chunkSize: CHUNK })
    this.#most = most
  }

  /** Octets of the input that were not needed. */
  get rest(): number {
    return this.#stream?.avail_in ?? 0
  }

  override onStart(stream: ZStream): void {
    this.#stream = stream
  }

  override onData(chunk: Uint8Array<ArrayBuffer>): void {
    this.#length += chunk.length
    if (this.#length > this.#most) throw new RangeError(`more than ${this.#most} octets come out`)
    super.onData(chunk)
  }
}

function unpack(bytes: Uint8Array, inflate: Bounded): Gunzipped {
  inflate.push(bytes, true)
  if (inflate.err !== 0 || !inflate.ended) throw new Error(inflate.msg || 'unexpected end of file')
  return { unpacked: inflate.result, consumed: bytes.length - inflate.rest }
}

/** Throws if it is damaged, cut off, or more than `most` octets come out. */
export const gunzip = (bytes: Uint8Array, most: number): Gunzipped =>
  unpack(bytes, new Bounded(most, { windowBits: 31 }))

/** The same for bare deflate. */
export const inflateRaw = (bytes: Uint8Array, most: number): Uint8Array =>
  unpack(bytes, new Bounded(most, { raw: true })).unpacked

/** CRC-32 of ISO 3309, as in gzip and zip (RFC 1952 section 8). */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
