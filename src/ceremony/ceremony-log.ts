import { appendFileSync, closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, truncateSync } from 'node:fs'
import { BundleFault } from '../bundle/bundle-fault.ts'
import { type JournalChain, readJournalChain } from '../bundle/journal-chain.ts'
import { EnrollError } from '../errors.ts'
import { readBoundedFileSync } from '../files/bounded-file.ts'
import { sha256Hex } from '../sha256-hex.ts'

const GENESIS = '0'.repeat(64)
const MAX_SIZE = 16 << 20

/** What happens in a ceremony. Nothing in it is secret: it goes into the bundle as it is. */
export type CeremonyEvent =
  | {
      readonly type: 'begun'
      readonly title: string
      readonly scriptSha256: string
      readonly program: string
      /** Answers came from a file; nobody was asked. */
      readonly unattended: boolean
      readonly profile: string
      readonly test: boolean
    }
  | { readonly type: 'person'; readonly role: string; readonly name: string; readonly qualification?: string }
  | { readonly type: 'run'; readonly run: string }
  | { readonly type: 'digest'; readonly step: string; readonly sha256: string; readonly words: string }
  | {
      readonly type: 'step'
      readonly step: string
      readonly kind: string
      readonly by: string
      readonly text: string
      readonly result?: string
    }
  | { readonly type: 'digression'; readonly step: string; readonly by: string; readonly text: string }
  | {
      readonly type: 'attachment'
      readonly step: string
      readonly name: string
      readonly sha256: string
      readonly size: number
    }
  | { readonly type: 'stopped'; readonly step: string; readonly why: string }
  | { readonly type: 'resumed' }
  | { readonly type: 'recorded'; readonly file: string; readonly sha256: string }
  | { readonly type: 'ended' }

export interface LoggedEvent {
  readonly time: string
  readonly event: CeremonyEvent
}

/** The append-only, hash-chained log of a ceremony, in the form of a run's journal. An entry is on disk when `append` returns. */
export class CeremonyLog {
  readonly #file: string
  readonly #now: () => number
  readonly #events: LoggedEvent[] = []
  #head = GENESIS

  private constructor(file: string, now: () => number) {
    this.#file = file
    this.#now = now
  }

  /** Opens a log, or begins one. A last line that a crash cut off never counted. Throws EnrollError `ceremony.damaged`. */
  static open(file: string, now: () => number): CeremonyLog {
    const log = new CeremonyLog(file, now)
    const bytes = readOrNothing(file)
    const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1)
    const chain = whole.length === 0 ? undefined : readChain(file, whole)
    if (whole.length < bytes.length) truncateSync(file, whole.length)
    for (const { time, event } of chain?.entries ?? []) log.#events.push({ time, event: event as CeremonyEvent })
    if (chain !== undefined) log.#head = chain.head
    return log
  }

  get events(): readonly LoggedEvent[] {
    return this.#events
  }

  /** Hash of the last entry: it covers all before. */
  get head(): string {
    return this.#head
  }

  append(event: CeremonyEvent): void {
    const time = new Date(this.#now()).toISOString()
    const body = { seq: this.#events.length + 1, time, event, previous: this.#head }
    const hash = sha256Hex(JSON.stringify(body))
    const descriptor = openSync(this.#file, 'a', 0o600)
    const { size } = fstatSync(descriptor)
    try {
      appendFileSync(descriptor, `${JSON.stringify({ ...body, hash })}\n`)
      fsyncSync(descriptor)
    } catch (error) {
      // The next entry takes its place: behind half of it, or beside all of it, the log would be damaged.
      takeBack(descriptor, size)
      throw error
    } finally {
      closeSync(descriptor)
    }
    this.#events.push({ time, event })
    this.#head = hash
  }

  /** The last event of a type. */
  last<Type extends CeremonyEvent['type']>(type: Type): Extract<CeremonyEvent, { type: Type }> | undefined {
    return this.all(type).at(-1)
  }

  all<Type extends CeremonyEvent['type']>(type: Type): readonly Extract<CeremonyEvent, { type: Type }>[] {
    return this.#events.flatMap(({ event }) => (isOf(event, type) ? [event] : []))
  }
}

const isOf = <Type extends CeremonyEvent['type']>(
  event: CeremonyEvent,
  type: Type,
): event is Extract<CeremonyEvent, { type: Type }> => event.type === type

function takeBack(descriptor: number, size: number): void {
  try {
    ftruncateSync(descriptor, size)
  } catch {
    // Why it could not be written says more.
  }
}

function readOrNothing(file: string): Buffer {
  try {
    return readBoundedFileSync(file, MAX_SIZE)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

function readChain(file: string, bytes: Uint8Array): JournalChain {
  try {
    return readJournalChain(bytes)
  } catch (cause) {
    if (!(cause instanceof BundleFault)) throw cause
    throw new EnrollError('ceremony.damaged', `Could not trust the log ${file}: ${cause.message}.`, {
      remedy: 'Restore it from a backup, or begin another ceremony.',
      cause,
    })
  }
}
