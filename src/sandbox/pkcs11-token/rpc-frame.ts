/**
 * Frames of the p11-kit RPC protocol: u32 serial, u32 options length, u32 body length, options, body (big-endian).
 * Source: p11-kit 0.24.1, p11-kit/rpc-transport.c.
 */

export interface Frame {
  /** Echoed in the reply; never 0. */
  readonly serial: number
  readonly options: Uint8Array
  readonly body: Uint8Array
}

/** The stream holds something that cannot be a frame; the connection must end. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

const HEADER = 12
/** The client sends 6 bytes of options; the largest real body holds a certificate. Both bounds leave room and stop a flood. */
const MAX_OPTIONS = 4096
const MAX_BODY = 16 * 1024 * 1024

export function encodeFrame(frame: Frame): Uint8Array {
  const bytes = Buffer.alloc(HEADER + frame.options.length + frame.body.length)
  bytes.writeUInt32BE(frame.serial, 0)
  bytes.writeUInt32BE(frame.options.length, 4)
  bytes.writeUInt32BE(frame.body.length, 8)
  bytes.set(frame.options, HEADER)
  bytes.set(frame.body, HEADER + frame.options.length)
  return bytes
}

/** Puts frames together again from whatever pieces the socket delivers. */
export class FrameAssembler {
  #chunks: Uint8Array[] = []
  #buffered = 0

  /** Every frame that is complete with this piece. Throws FrameError. */
  push(chunk: Uint8Array): Frame[] {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    const frames: Frame[] = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): Frame | undefined {
    if (this.#buffered < HEADER) return undefined
    const header = this.#peekHeader()
    const serial = header.readUInt32BE(0)
    const optionsLength = header.readUInt32BE(4)
    const bodyLength = header.readUInt32BE(8)
    if (serial === 0) throw new FrameError('serial 0')
    if (optionsLength > MAX_OPTIONS || bodyLength > MAX_BODY) throw new FrameError('frame too long')
    const total = HEADER + optionsLength + bodyLength
    if (this.#buffered < total) return undefined
    const [first] = this.#chunks
    const all = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
    this.#chunks = all.length > total ? [all.subarray(total)] : []
    this.#buffered = all.length - total
    return {
      serial,
      options: all.subarray(HEADER, HEADER + optionsLength),
      body: all.subarray(HEADER + optionsLength, total),
    }
  }

  #peekHeader(): Buffer {
    const first = this.#chunks[0]
    if (first !== undefined && first.length >= HEADER) return Buffer.from(first.buffer, first.byteOffset, HEADER)
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all.subarray(0, HEADER)
  }
}
