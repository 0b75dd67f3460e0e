/**
 * The audit log: 62 entries of 32 bytes in a hash chain; each digest is the first 16 bytes of SHA-256(entry, previous digest).
 * Source: developers.yubico.com/YubiHSM2/Concepts/Logs.html; python-yubihsm core.py `LogEntry`.
 */
import { createHash } from 'node:crypto'
import { concat, u8, u16, u32 } from '../../../devices/yubihsm2/byte-writer.ts'

export const LOG_SIZE = 62

export interface LoggedCommand {
  readonly command: number
  readonly length: number
  readonly session: number
  readonly target: number
  readonly second: number
  /** First byte of the reply. */
  readonly result: number
  readonly tick: number
}

interface LogEntry {
  readonly number: number
  readonly bytes: Buffer
}

export const logDigest = (entry: Uint8Array, previous: Uint8Array): Buffer =>
  createHash('sha256').update(entry).update(previous).digest().subarray(0, 16)

const encode = (number: number, entry: LoggedCommand): Buffer =>
  concat(
    u16(number),
    u8(entry.command),
    u16(entry.length),
    u16(entry.session),
    u16(entry.target),
    u16(entry.second),
    u8(entry.result),
    u32(entry.tick),
  )

export class AuditLog {
  #entries: LogEntry[] = []
  #digest: Buffer = Buffer.alloc(16)
  #next = 1
  #unlogged = { boots: 0, authentications: 0 }

  get used(): number {
    return this.#entries.length
  }

  get full(): boolean {
    return this.used >= LOG_SIZE
  }

  /** A new chain that begins, as on the device, with one entry of FF bytes and one for the boot. */
  reset(): void {
    this.#entries = []
    this.#digest = Buffer.alloc(16)
    this.#next = 1
    this.#unlogged = { boots: 0, authentications: 0 }
    this.#push(concat(u16(1), Buffer.alloc(14, 0xff)))
    this.add({ command: 0, length: 0, session: 0xffff, target: 0, second: 0, result: 0, tick: 0 })
  }

  /** Drops the oldest entry where the log is full. */
  add(entry: LoggedCommand): void {
    if (this.full) this.#entries.shift()
    this.#push(encode(this.#next, entry))
  }

  /** What happened while the log was full and closed. */
  countUnlogged(what: 'boots' | 'authentications'): void {
    this.#unlogged[what]++
  }

  /** Frees the entries up to and including `number`. */
  setIndex(number: number): void {
    const at = this.#entries.findIndex((entry) => entry.number === number)
    if (at >= 0) this.#entries = this.#entries.slice(at + 1)
  }

  read(): Buffer {
    const { boots, authentications } = this.#unlogged
    return concat(u16(boots), u16(authentications), u8(this.used), ...this.#entries.map(({ bytes }) => bytes))
  }

  #push(entry: Buffer): void {
    this.#digest = logDigest(entry, this.#digest)
    this.#entries.push({ number: entry.readUInt16BE(0), bytes: concat(entry, this.#digest) })
    this.#next = (entry.readUInt16BE(0) + 1) & 0xffff
  }
}
