/**
 * The log of a YubiHSM 2: entries of 32 bytes in a hash chain, not signed by the device.
 * Source: developers.yubico.com/YubiHSM2/Concepts/Logs.html.
 */
import { createHash } from 'node:crypto'
import { BundleFault } from '../bundle-fault.ts'

const HEADER = 5
const ENTRY = 32
/** Of an entry, the octets before its digest. */
const BODY = 16

export interface LogEntry {
  readonly number: number
  readonly command: number
  /** Object id. */
  readonly target: number
  /** First byte of the reply: the command and 0x80 where it succeeded. */
  readonly result: number
  /** Lower-case hex, 16 bytes. */
  readonly digest: string
}

export interface YubiHsm2Log {
  /** Boots and authentications that a full log did not record. */
  readonly unlogged: { readonly boots: number; readonly authentications: number }
  /** The first only begins the chain: nothing covers its own content. */
  readonly entries: readonly LogEntry[]
}

/** Reads what GET LOG ENTRIES answered and verifies the chain from its first entry on. Throws BundleFault with the entry. */
export function readYubiHsm2Log(content: Uint8Array): YubiHsm2Log {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const count = bytes[4] ?? 0
  if (bytes.length < HEADER || bytes.length !== HEADER + count * ENTRY)
    throw new BundleFault('the device log is truncated')
  const entries: LogEntry[] = []
  for (let index = 0; index < count; index++) {
    const entry = bytes.subarray(HEADER + index * ENTRY, HEADER + (index + 1) * ENTRY)
    const number = entry.readUInt16BE(0)
    const before = entries.at(-1)
    if (before !== undefined) {
      if (number !== ((before.number + 1) & 0xffff))
        throw new BundleFault(
          `entry ${number} of the device log follows entry ${before.number}: entries were removed or reordered`,
        )
      const digest = createHash('sha256')
        .update(entry.subarray(0, BODY))
        .update(Buffer.from(before.digest, 'hex'))
        .digest()
      if (!digest.subarray(0, BODY).equals(entry.subarray(BODY)))
        throw new BundleFault(`entry ${number} of the device log was changed, or is of another log`)
    }
    entries.push({
      number,
      command: entry.readUInt8(2),
      target: entry.readUInt16BE(7),
      result: entry.readUInt8(11),
      digest: entry.subarray(BODY).toString('hex'),
    })
  }
  return { unlogged: { boots: bytes.readUInt16BE(0), authentications: bytes.readUInt16BE(2) }, entries }
}

/** Is `later` the same log, read later? Every entry that both have is the same. Throws BundleFault. */
export function requireContinuation(earlier: YubiHsm2Log, later: YubiHsm2Log): void {
  const last = earlier.entries.at(-1)
  if (last === undefined) return
  const same = later.entries.find(({ number }) => number === last.number)
  if (same === undefined)
    throw new BundleFault(`the later device log does not reach back to entry ${last.number}: entries are missing`)
  if (same.digest !== last.digest)
    throw new BundleFault(`entry ${last.number} differs between the two readings of the device log`)
}
