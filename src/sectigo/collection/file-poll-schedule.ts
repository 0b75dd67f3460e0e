import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../../files/make-directory.ts'
import { withProcessLock } from '../../files/process-lock.ts'
import { replaceFile } from '../../files/replace-file.ts'
import { memoryPollSchedule, type PollSchedule } from './poll-schedule.ts'

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
      await replaceFile(file, `${JSON.stringify(Object.fromEntries(times), null, 1)}\n`)
    },
    exclusive: (call, signal) =>
      inProcess.exclusive(async () => {
        await makeDirectory(directory)
        const options = { wait: LOCK_WAIT, signal }
        return withProcessLock(lock, 'a question to the CA, which takes one at a time', call, options)
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
