import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EnrollError, EXIT } from '../../errors.ts'
import { memoryPollSchedule, type PollSchedule } from './poll-schedule.ts'

/** A lock older than this was left behind by a process that died: no call takes that long. */
const STALE_LOCK = 10 * 60_000
const LOCK_WAIT = 5 * 60_000

/**
 * A schedule kept in a folder: `poll-schedule.json` with the time of the last call by order number, and a lock file while a
 * call is under way, so that two processes keep the pauses together.
 */
export function filePollSchedule(directory: string): PollSchedule {
  const file = join(directory, 'poll-schedule.json')
  const lock = join(directory, 'poll.lock')
  const inProcess = memoryPollSchedule()
  return {
    lastCall: async (orderNumber) => (await readTimes(file)).get(orderNumber),
    record: async (orderNumber, time) => {
      const times = (await readTimes(file)).set(orderNumber, time)
      const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
      await writeFile(draft, `${JSON.stringify(Object.fromEntries(times), null, 1)}\n`, { mode: 0o600 })
      await rename(draft, file)
    },
    exclusive: (call) =>
      inProcess.exclusive(async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        await takeLock(lock)
        try {
          return await call()
        } finally {
          await rm(lock, { force: true })
        }
      }),
  }
}

/** An unreadable file counts as empty: the pause is a courtesy, the collection is not. */
async function readTimes(file: string): Promise<Map<string, number>> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return new Map()
  }
  if (typeof value !== 'object' || value === null) return new Map()
  return new Map(Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number'))
}

async function takeLock(lock: string): Promise<void> {
  const end = Date.now() + LOCK_WAIT
  for (;;) {
    try {
      const handle = await open(lock, 'wx', 0o600)
      await handle.writeFile(`${process.pid}\n`)
      await handle.close()
      return
    } catch (error) {
      if (!isExisting(error)) throw error
    }
    if (await isStale(lock)) await rm(lock, { force: true })
    else if (Date.now() > end) {
      throw new EnrollError('sectigo.poll-busy', 'Could not ask Sectigo: another process is asking.', {
        remedy: `Wait for it; if there is none, delete ${lock}.`,
        exitCode: EXIT.pending,
      })
    } else await sleep(200)
  }
}

const isExisting = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST'

async function isStale(lock: string): Promise<boolean> {
  try {
    return Date.now() - (await stat(lock)).mtimeMs > STALE_LOCK
  } catch {
    return false
  }
}
