import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256Hex } from '../sha256-hex.ts'
import { readRun } from './list-runs.ts'
import { listRunIds, RunFolder } from './run-folder.ts'
import type { RunRecord, RunSummary } from './run-record.ts'

/** What tells runs apart, and is listed of them. */
export type RunDigest = Pick<
  RunRecord,
  'state' | 'startedAt' | 'test' | 'device' | 'profile' | 'profileMarks' | 'orderNumber' | 'keyLocation'
>

/** `digest` is absent where the journal cannot be trusted, and `fault` says why. */
export interface IndexedRun extends Omit<RunSummary, 'record'> {
  readonly digest?: RunDigest
}

const FILE = 'run-index'
/** Another number for another RunDigest: an index of another one is not read. */
const HEAD = 'hsm-enroll run index 1'

/** Fewer journals than this are read again each time, rather than the whole index written again. */
const WORTH_WRITING = 32

/**
 * Every run in the order of the ids, without a lock. A journal is read only if it has changed since the index was written, or is
 * damaged: for the others the index holds what they said, and of which file, size and time of change. The index is a copy that may be
 * removed at any time. `keep`: what was read anew is written into it.
 */
export async function* indexedRuns(
  stateDirectory: string,
  { keep = false }: { readonly keep?: boolean } = {},
): AsyncGenerator<IndexedRun> {
  const file = join(stateDirectory, FILE)
  const known = await readIndex(file)
  const lines: string[] = []
  let news = 0
  for (const id of await listRunIds(stateDirectory)) {
    const { path: folder, journalFile } = RunFolder.at(stateDirectory, id)
    // Before the journal is read: what is appended meanwhile makes it news again.
    const stamp = stampOf(journalFile)
    const line = known.get(id)
    if (line !== undefined && stamp !== undefined && line.startsWith(`${id} ${stamp} `)) {
      lines.push(line)
      yield { id, folder, digest: JSON.parse(line.slice(id.length + stamp.length + 2)) }
      continue
    }
    const { record, fault } = await readRun(stateDirectory, id)
    if (record === undefined) {
      yield { id, folder, fault }
      continue
    }
    const digest = digestOf(record)
    if (stamp !== undefined) lines.push(`${id} ${stamp} ${JSON.stringify(digest)}`)
    news++
    yield { id, folder, digest }
  }
  if (keep && news >= WORTH_WRITING) await writeIndex(file, lines)
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
}: RunRecord): RunDigest => ({ state, startedAt, test, device, profile, profileMarks, orderNumber, keyLocation })

/** Another file, another size or a later change: nothing can set the time of change back. */
function stampOf(file: string): string | undefined {
  try {
    const { ino, size, ctimeNs } = statSync(file, { bigint: true })
    return `${ino}:${size}:${ctimeNs}`
  } catch {
    return undefined
  }
}

/** The lines by run. An index that is not whole, as a disk or somebody else may have left it, is none. */
async function readIndex(file: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const end = text.indexOf('\n')
  const body = text.slice(end + 1)
  if (end === -1 || text.slice(0, end) !== headOf(body)) return new Map()
  return new Map(
    body
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [line.slice(0, line.indexOf(' ')), line]),
  )
}

/** Whole or not at all; two processes that write at one time are both right. One that cannot be written saves nobody time. */
async function writeIndex(file: string, lines: readonly string[]): Promise<void> {
  const body = lines.map((line) => `${line}\n`).join('')
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    await writeFile(draft, `${headOf(body)}\n${body}`, { mode: 0o600, flag: 'wx' })
    await rename(draft, file)
  } catch {
    await unlink(draft).catch(() => undefined)
  }
}

const headOf = (body: string): string => `${HEAD} ${sha256Hex(body)}`
