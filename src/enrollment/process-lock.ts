import { randomBytes } from 'node:crypto'
import { readFile, unlink, writeFile } from 'node:fs/promises'
import { EnrollError } from '../errors.ts'

/** Runs `action` while holding a lock file. A lock whose process is gone is taken over. Throws EnrollError `lock.held`. */
export async function withProcessLock<T>(file: string, what: string, action: () => Promise<T>): Promise<T> {
  const mine = `${process.pid} ${randomBytes(8).toString('hex')}\n`
  await acquire(file, mine, what)
  try {
    return await action()
  } finally {
    if ((await readFile(file, 'utf8').catch(() => '')) === mine) await unlink(file)
  }
}

async function acquire(file: string, mine: string, what: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(file, mine, { flag: 'wx', mode: 0o600 })
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = await readFile(file, 'utf8').catch(() => '')
    const pid = Number(holder.split(' ')[0])
    if (holder === '' || isAlive(pid)) break
    await unlink(file).catch(() => undefined)
  }
  const pid = (await readFile(file, 'utf8').catch(() => '')).split(' ')[0] ?? ''
  throw new EnrollError('lock.held', `Could not begin: process ${pid} is working on ${what}.`, {
    remedy: `Wait for it to end. If no such process of ours runs, remove ${file}.`,
  })
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
