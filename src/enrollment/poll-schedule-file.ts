import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { memoryPollSchedule, type PollSchedule } from '../sectigo/collection/poll-schedule.ts'
import { withProcessLock } from './process-lock.ts'

/** A poll schedule that outlives the process: one small file per order, one lock for all. */
export function filePollSchedule(stateDirectory: string): PollSchedule {
  const folder = join(stateDirectory, 'polls')
  const queue = memoryPollSchedule()
  const fileOf = (orderNumber: string): string =>
    join(folder, createHash('sha256').update(orderNumber).digest('hex').slice(0, 32))
  return {
    lastCall: async (orderNumber) => {
      const text = await readFile(fileOf(orderNumber), 'utf8').catch(() => '')
      const time = Date.parse(text.trim())
      return Number.isNaN(time) ? undefined : time
    },
    record: async (orderNumber, time) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const file = fileOf(orderNumber)
      await writeFile(`${file}.new`, `${new Date(time).toISOString()}\n`, { mode: 0o600 })
      await rename(`${file}.new`, file)
    },
    exclusive: (call) =>
      queue.exclusive(async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        return withProcessLock(join(folder, 'lock'), 'a question to the CA (it allows one at a time)', call)
      }),
  }
}
