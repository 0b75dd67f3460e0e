import { statSync } from 'node:fs'
import { join } from 'node:path'
import { contentOf, type IndexLine, indexLine, readIndex, writeIndex } from './index-file.ts'
import { readListed } from './list-runs.ts'
import { listRunIds, RunFolder } from './run-folder.ts'
import type { RunRecord, RunSummary } from './run-record.ts'

/** What tells runs apart, and is listed of them. */
export type RunDigest = Pick<
  RunRecord,
  'state' | 'startedAt' | 'test' | 'device' | 'profile' | 'profileMarks' | 'orderNumber' | 'keyLocation' | 'revokedAt'
>

/** `digest` is absent where the journal cannot be trusted, and `fault` says why. */
export interface IndexedRun extends Omit<RunSummary, 'record'> {
  readonly digest?: RunDigest
}

const FILE = 'run-index'

/** Fewer journals than this are read again each time, rather than the whole index written again. */
const WORTH_WRITING = 32

export interface IndexOptions {
  /** What was read anew is written into the index. */
  readonly keep?: boolean
  /** Leaves out runs that the index knows and whose digest, as JSON in ASCII, is of no interest. */
  readonly wanted?: (digest: string) => boolean
}

/**
 * Every run in the order of the ids, without a lock. A journal is read only if it has changed since the index was written, or is
 * damaged: for the others the index holds what they said, and of which file, size and time of change. The index is a copy that may be
 * removed at any time. Neither it nor the runs are ever in memory as a whole.
 */
export async function* indexedRuns(
  stateDirectory: string,
  { keep = false, wanted = () => true }: IndexOptions = {},
): AsyncGenerator<IndexedRun> {
  const file = join(stateDirectory, FILE)
  const ids = await listRunIds(stateDirectory)
  const news = new Map<string, IndexLine>()
  const known = new Lookup(file)
  for (const id of ids) {
    const { path: folder, journalFile } = RunFolder.at(stateDirectory, id)
    // Before the journal is read: what is appended meanwhile makes it news again.
    const stamp = stampOf(journalFile)
    const digest = stamp === undefined ? undefined : known.of(id, stamp)
    if (digest !== undefined) {
      if (wanted(digest)) yield { id, folder, digest: JSON.parse(digest) }
      continue
    }
    const run = await readListed(stateDirectory, id)
    if (run === undefined) continue
    const { record, fault } = run
    if (record === undefined) {
      yield { id, folder, fault }
      continue
    }
    const read = digestOf(record)
    if (keep && stamp !== undefined) news.set(id, indexLine(id, `${stamp} ${inAscii(JSON.stringify(read))}`))
    yield { id, folder, digest: read }
  }
  known.close()
  if (news.size >= WORTH_WRITING) writeIndex(file, merged(file, news, ids))
}

/** Text as a digest has it: JSON that leaves no other character to an encoding. */
export const inAscii = (json: string): string =>
  json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** The lines of an index, for ids that are asked for in their order. */
class Lookup {
  readonly #lines: ReturnType<typeof readIndex>
  #next: IndexLine | undefined

  constructor(file: string) {
    this.#lines = readIndex(file)
    this.#next = this.#lines.next().value
  }

  /** The digest of a run whose journal has this stamp. */
  of(id: string, stamp: string): string | undefined {
    while (this.#next !== undefined && this.#next.id < id) this.#next = this.#lines.next().value
    const line = this.#next
    if (line?.id !== id || !line.raw.startsWith(`${id} ${stamp} `, line.raw.indexOf(' ') + 1)) return undefined
    return contentOf(line)?.slice(stamp.length + 1)
  }

  close(): void {
    this.#lines.return(undefined)
  }
}

/** What the index has and what is new, of the runs that there are. */
function* merged(file: string, news: ReadonlyMap<string, IndexLine>, ids: readonly string[]): Generator<IndexLine> {
  const lines = readIndex(file)
  let next = lines.next().value
  for (const id of ids) {
    while (next !== undefined && next.id < id) next = lines.next().value
    const line = news.get(id) ?? (next?.id === id ? next : undefined)
    if (line !== undefined) yield line
  }
}

const digestOf = ({
  state,
  startedAt,
  test,
  device,
  profile,
  profileMarks,
  orderNumber,
  keyLocation,
  revokedAt,
}: RunRecord): RunDigest => ({
  state,
  startedAt,
  test,
  device,
  profile,
  profileMarks,
  orderNumber,
  keyLocation,
  revokedAt,
})

/** Another file, another size or a later change: nothing can set the time of change back. */
function stampOf(file: string): string | undefined {
  try {
    const { ino, size, ctimeNs } = statSync(file, { bigint: true })
    return `${ino}:${size}:${ctimeNs}`
  } catch {
    return undefined
  }
}
