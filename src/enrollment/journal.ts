import { open, readFile, truncate } from 'node:fs/promises'
import { EnrollError } from '../errors.ts'
import { sha256Hex } from '../sha256-hex.ts'
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

const damaged = (file: string, line: number, why: string): EnrollError =>
  new EnrollError('journal.damaged', `Could not trust the journal ${file}: line ${line} ${why}.`, {
    remedy: 'Restore the run folder from a backup; do not order again before you know what this run did.',
    exitCode: 5,
  })

/**
 * The append-only, hash-chained record of one run. An entry is on disk (fsync) before `append` resolves. A last line that
 * was cut off by a crash never counted and is removed by the next append; damage anywhere else is an error.
 */
export class Journal {
  readonly file: string
  readonly #now: () => number
  readonly #entries: JournalEntry[]
  #validLength: number

  private constructor(file: string, now: () => number, entries: JournalEntry[], validLength: number) {
    this.file = file
    this.#now = now
    this.#entries = entries
    this.#validLength = validLength
  }

  /** Reads and checks the whole chain. A missing file is an empty journal. */
  static async open(file: string, now: () => number): Promise<Journal> {
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0)
      throw error
    })
    if (bytes.length > MAX_SIZE) throw damaged(file, 0, 'is not reached: the file is too large')
    const end = bytes.lastIndexOf(0x0a) + 1
    const entries: JournalEntry[] = []
    const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1)
    for (const [index, line] of lines.entries()) entries.push(checkLine(file, index + 1, line, entries.at(-1)))
    return new Journal(file, now, entries, end)
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries
  }

  async append(event: RunEvent): Promise<JournalEntry> {
    const last = this.#entries.at(-1)
    const unsigned = {
      seq: (last?.seq ?? 0) + 1,
      time: new Date(this.#now()).toISOString(),
      event,
      previous: last?.hash ?? GENESIS,
    }
    const entry = { ...unsigned, hash: hashEntry(unsigned) }
    const line = Buffer.from(`${JSON.stringify(entry)}\n`)
    const handle = await open(this.file, 'a', 0o600)
    try {
      await this.#dropTornLine((await handle.stat()).size)
      await handle.appendFile(line)
      await handle.sync()
    } finally {
      await handle.close()
    }
    this.#validLength += line.length
    this.#entries.push(entry)
    return entry
  }

  /** A tail without a line feed is a line that a crash cut off; a whole line that we did not write is somebody else's. */
  async #dropTornLine(size: number): Promise<void> {
    if (size === this.#validLength) return
    const tail = (await readFile(this.file)).subarray(this.#validLength)
    if (size < this.#validLength || tail.includes(0x0a)) {
      throw damaged(this.file, this.#entries.length + 1, 'was written by another process')
    }
    await truncate(this.file, this.#validLength)
  }
}

function checkLine(file: string, number: number, line: string, before: JournalEntry | undefined): JournalEntry {
  let entry: JournalEntry | null
  try {
    entry = JSON.parse(line) as JournalEntry | null
  } catch {
    throw damaged(file, number, 'is not JSON')
  }
  if (typeof entry !== 'object' || entry === null) throw damaged(file, number, 'is no entry')
  if (entry.seq !== (before?.seq ?? 0) + 1 || entry.previous !== (before?.hash ?? GENESIS)) {
    throw damaged(file, number, 'does not follow the line before it')
  }
  if (entry.hash !== hashEntry(entry)) throw damaged(file, number, 'was changed after it was written')
  return entry
}
