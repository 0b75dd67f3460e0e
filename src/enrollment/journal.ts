import { randomBytes } from 'node:crypto'
import { appendFileSync, constants, fstatSync, readFileSync, truncateSync } from 'node:fs'
import { copyFile, truncate } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { EnrollError } from '../errors.ts'
import { fileFault, readBoundedFileSync } from '../files/bounded-file.ts'
import { writeThrough } from '../files/write-through.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { isEvent } from './entry-form.ts'
import type { RunEvent } from './run-event.ts'

export interface JournalEntry {
  readonly seq: number
  /** ISO 8601, UTC. */
  readonly time: string
  readonly event: RunEvent
  /** `hash` of the entry before; 64 zeros for the first. */
  readonly previous: string
  /** SHA-256 (hex) of the JSON of the four members above, in this order. */
  readonly hash: string
}

const GENESIS = '0'.repeat(64)
const MAX_SIZE = 16 * 1024 * 1024

const hashEntry = ({ seq, time, event, previous }: Omit<JournalEntry, 'hash'>): string =>
  sha256Hex(JSON.stringify({ seq, time, event, previous }))

/** The same of a line that is written as we write it, which is every one of ours, without writing it again: up to `,"hash":"…"}`. */
const hashLine = (line: string): string => sha256Hex(`${line.slice(0, -HASH_MEMBER)}}`)
const HASH_MEMBER = `,"hash":"${GENESIS}"}`.length

const damaged = (file: string, why: string): EnrollError =>
  new EnrollError('journal.damaged', `Could not trust the journal ${file}: ${why}.`, {
    remedy: `Run \`hsm-enroll runs repair ${basename(dirname(file))}\`, which keeps what can be read and takes the rest from the ledger.`,
  })

/** What is put back may be old: what it lacks is in the ledger, and an order that only that knows is unknown and never free. */
const beyondRepair = (file: string, why: string): EnrollError =>
  new EnrollError('journal.damaged', `Could not repair the journal ${file}: ${why}.`, {
    remedy: `Put the file back from a backup, however old: the ledger knows what it lacks. Without one, \`hsm-enroll runs abandon ${basename(dirname(file))}\` shows the order of the run, if any, and gives the run up.`,
  })

const atLine = (number: number, why: string): string => `line ${number} ${why}`

/**
 * The append-only, hash-chained record of one run. An entry is on disk (fsync) before `append` resolves. A last line that
 * was cut off by a crash never counted and is removed by the next append; damage anywhere else is an error. A journal begins with
 * the plan of its run: one without is damaged, too.
 */
export class Journal {
  readonly file: string
  readonly #now: () => number
  readonly #entries: JournalEntry[]
  #validLength: number
  /** Entries that are in the file, and of which the disk did not say that it has them: written again with the next one. */
  #unconfirmed: Buffer = Buffer.alloc(0)
  /** What was written last: whatever of it is in the file is ours. */
  #written: Buffer = Buffer.alloc(0)

  private constructor(file: string, now: () => number, { entries, length }: Chain) {
    this.file = file
    this.#now = now
    this.#entries = [...entries]
    this.#validLength = length
  }

  /** Begins a journal where there is none: with its plan, and with what is to be said at once. */
  static async begin(
    file: string,
    now: () => number,
    plan: RunEvent & { readonly type: 'planned' },
    ...more: readonly RunEvent[]
  ): Promise<Journal> {
    const journal = new Journal(file, now, { entries: [], length: 0 })
    await journal.#write([plan, ...more])
    return journal
  }

  /** The same journal where its file has another path, and nobody else had it since. */
  movedTo(file: string): Journal {
    return new Journal(file, this.#now, { entries: this.#entries, length: this.#validLength })
  }

  /** Reads and checks the whole chain. Throws EnrollError `journal.damaged`. */
  static async open(file: string, now: () => number): Promise<Journal> {
    const chain = readChain(file)
    if (chain.fault !== undefined) throw damaged(file, chain.fault)
    return new Journal(file, now, chain)
  }

  /**
   * Keeps the entries before the damage, and the damaged file beside them under another name, which it returns; undefined where nothing
   * is damaged. Throws EnrollError `journal.damaged` where not even the plan can be read.
   */
  static async repair(file: string): Promise<string | undefined> {
    const { fault, entries, length } = readChain(file)
    if (fault === undefined) return undefined
    if (entries.length === 0) throw beyondRepair(file, fault)
    const kept = `${file.replace(/\.jsonl$/, '')}.damaged-${randomBytes(4).toString('hex')}.jsonl`
    await copyFile(file, kept, constants.COPYFILE_EXCL)
    await truncate(file, length)
    return kept
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  /**
   * Throws what the disk says. The entry is in the file then all the same, or is not, and `entries` says which, as for whoever opens it
   * next.
   */
  async append(event: RunEvent): Promise<JournalEntry> {
    const [entry] = await this.#write([event])
    return entry
  }

  /** Those of one call are on disk together. */
  async #write(events: readonly [RunEvent, ...RunEvent[]]): Promise<readonly [JournalEntry, ...JournalEntry[]]> {
    const [first, ...others] = events
    const entries: [JournalEntry, ...JournalEntry[]] = [this.#next(first, this.#entries.at(-1))]
    for (const event of others) entries.push(this.#next(event, entries.at(-1)))
    const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')
    const lines = Buffer.concat([this.#unconfirmed, Buffer.from(text)])
    try {
      await writeThrough(this.file, 'a', (descriptor) => {
        this.#dropTail(fstatSync(descriptor).size)
        this.#written = lines
        appendFileSync(descriptor, lines)
      })
    } catch (error) {
      if (this.#endsWith(lines)) {
        this.#unconfirmed = lines
        this.#entries.push(...entries)
      }
      throw error
    }
    this.#validLength += lines.length
    this.#unconfirmed = Buffer.alloc(0)
    this.#entries.push(...entries)
    return entries
  }

  #next(event: RunEvent, last: JournalEntry | undefined): JournalEntry {
    const unsigned = {
      seq: (last?.seq ?? 0) + 1,
      time: new Date(this.#now()).toISOString(),
      event,
      previous: last?.hash ?? GENESIS,
    }
    return { ...unsigned, hash: hashEntry(unsigned) }
  }

  /** A tail without a line feed is a line that a crash cut off; a whole line that we did not write is somebody else's. */
  #dropTail(size: number): void {
    if (size === this.#validLength) return
    const tail = readFileSync(this.file).subarray(this.#validLength)
    const isOurs = this.#written.subarray(0, tail.length).equals(tail)
    if (size < this.#validLength || (tail.includes(0x0a) && !isOurs)) {
      throw damaged(this.file, atLine(this.#entries.length + 1, 'was written by another process'))
    }
    truncateSync(this.file, this.#validLength)
  }

  #endsWith(lines: Buffer): boolean {
    try {
      return readFileSync(this.file).subarray(this.#validLength).equals(lines)
    } catch {
      return false
    }
  }
}

interface Chain {
  /** As far as they can be trusted. */
  readonly entries: readonly JournalEntry[]
  /** Of those entries, in bytes. */
  readonly length: number
  readonly fault?: string
}

function readChain(file: string): Chain {
  const none = { entries: [], length: 0 }
  let bytes: Buffer
  try {
    bytes = readBoundedFileSync(file, MAX_SIZE)
  } catch (error) {
    return { ...none, fault: fileFault(error) }
  }
  const entries: JournalEntry[] = []
  let length = 0
  for (const line of bytes
    .subarray(0, bytes.lastIndexOf(0x0a) + 1)
    .toString('utf8')
    .split('\n')
    .slice(0, -1)) {
    const entry = readEntry(line, entries.at(-1))
    if (typeof entry === 'string') return { entries, length, fault: atLine(entries.length + 1, entry) }
    entries.push(entry)
    length += Buffer.byteLength(line) + 1
  }
  return entries.length === 0
    ? { ...none, fault: 'it is empty, but every run starts with its plan' }
    : { entries, length }
}

/** The entry, or what is wrong with it. */
function readEntry(line: string, before: JournalEntry | undefined): JournalEntry | string {
  let entry: JournalEntry | null
  try {
    entry = JSON.parse(line) as JournalEntry | null
  } catch {
    return 'is not JSON'
  }
  if (typeof entry !== 'object' || entry === null) return 'is not an entry'
  if (entry.seq !== (before?.seq ?? 0) + 1 || entry.previous !== (before?.hash ?? GENESIS)) {
    return 'does not follow the line before it'
  }
  if (entry.hash !== hashLine(line) && entry.hash !== hashEntry(entry)) return 'was changed after it was written'
  if (!isEvent(entry.event) || !isTime(entry.time)) return 'is no entry of a run'
  if (before === undefined && entry.event.type !== 'planned') return 'is not the plan of the run'
  return entry
}

const isTime = (time: unknown): boolean => typeof time === 'string' && !Number.isNaN(Date.parse(time))
