/** Command APDUs, short and extended (ISO 7816-4 5.1). */
import { ensure, SW } from './status-word.ts'

export interface CommandApdu {
  /** Without the chaining bit. */
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
  /** The octets that the host expects at most; undefined without Le. */
  readonly le?: number
  readonly extended: boolean
  /** More pieces of this command follow (CLA bit 0x10). */
  readonly chained: boolean
}

const CHAINING = 0x10

/** Throws StatusError 6700. libykpiv writes an explicit Lc of 00 and no Le; that reads as Le, to the same effect. */
export function parseCommand(bytes: Uint8Array): CommandApdu {
  ensure(bytes.length >= 4, SW.wrongLength)
  const [cla = 0, ins = 0, p1 = 0, p2 = 0] = bytes
  const extended = bytes.length >= 7 && bytes[4] === 0
  const data = extended ? extendedBody(bytes) : shortBody(bytes)
  const le = extended ? undefined : shortLe(bytes)
  return {
    cla: cla & ~CHAINING,
    ins,
    p1,
    p2,
    data,
    ...(le === undefined ? {} : { le }),
    extended,
    chained: (cla & CHAINING) !== 0,
  }
}

function shortBody(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= 5) return new Uint8Array()
  const length = bytes[4] ?? 0
  ensure(bytes.length === 5 + length || bytes.length === 6 + length, SW.wrongLength)
  return bytes.subarray(5, 5 + length)
}

/** Le is the last octet where it is there; 00 means 256. */
function shortLe(bytes: Uint8Array): number | undefined {
  const alone = bytes.length === 5
  const behindData = bytes.length > 5 && bytes.length === 6 + (bytes[4] ?? 0)
  return alone || behindData ? (bytes.at(-1) ?? 0) || 256 : undefined
}

function extendedBody(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 7) return new Uint8Array()
  const length = ((bytes[5] ?? 0) << 8) | (bytes[6] ?? 0)
  ensure(bytes.length === 7 + length || bytes.length === 9 + length, SW.wrongLength)
  return bytes.subarray(7, 7 + length)
}

/** Data and status word. */
export const response = (statusWord: number, data: Uint8Array = new Uint8Array()): Uint8Array =>
  Buffer.concat([data, Uint8Array.of(statusWord >> 8, statusWord & 0xff)])
