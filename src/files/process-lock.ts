import { randomBytes } from 'node:crypto'
import { link, readFile, rename, unlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { EnrollError } from '../errors.ts'
import { createOnce } from './create-once.ts'

/**
 * Runs `action` while holding a lock file. A lock whose process is gone is taken over at once; one whose process lives is waited
 * for (`wait` milliseconds, default none). Throws EnrollError `lock.held`.
 */
export async function withProcessLock<T>(
  file: string,
  what: string,
  action: () => Promise<T>,
  { wait = 0 }: { readonly wait?: number } = {},
): Promise<T> {
  const mine = `${process.pid} ${randomBytes(8).toString('hex')}\n`
  await acquire(file, mine, what, Date.now() + wait)
  try {
    return await action()
  } finally {
    if ((await readFile(file, 'utf8').catch(() => '')) === mine) await unlink(file)
  }
}

const PAUSE = 200

async function acquire(file: string, mine: string, what: string, until: number): Promise<void> {
  for (;;) {
    if (await createOnce(file, mine)) return
    const holder = await readFile(file, 'utf8').catch(() => '')
    const pid = Number(holder.split(' ')[0])
    if (holder === '') continue
    if (!isAlive(pid)) await removeStale(file, holder)
    else if (Date.now() < until) await sleep(PAUSE)
    else {
      throw new EnrollError('lock.held', `Could not begin: process ${pid} is working on ${what}.`, {
        remedy: `Wait for it to end. If no such process of ours runs, remove ${file}.`,
      })
    }
  }
}

/** Of several processes that see the same dead holder one gets the rename; a lock that was taken in between is put back. */
async function removeStale(file: string, holder: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`
  try {
    await rename(file, aside)
  } catch {
    return
  }
  if ((await readFile(aside, 'utf8')) !== holder) await link(aside, file).catch(() => undefined)
  await unlink(aside)
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
