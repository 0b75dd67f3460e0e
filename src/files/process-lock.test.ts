import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { withProcessLock } from './process-lock.ts'

let folder: string
let file: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lock-'))
  file = join(folder, 'lock')
})
afterEach(() => rm(folder, { recursive: true }))

/** A process that was and is no more. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '0']).pid

describe('a process lock', () => {
  it('is gone when the work is done, however it ends', async () => {
    expect(await withProcessLock(file, 'x', async () => readFile(file, 'utf8'))).toMatch(new RegExp(`^${process.pid} `))
    await expect(withProcessLock(file, 'x', async () => Promise.reject(new Error('work')))).rejects.toThrow('work')
    expect(await readdir(folder)).toEqual([])
  })

  it('of a living process is an error that names it', async () => {
    await withProcessLock(file, 'the work', async () => {
      await expect(withProcessLock(file, 'the work', async () => 1)).rejects.toMatchObject({
        code: 'lock.held',
        message: expect.stringContaining(String(process.pid)),
      })
    })
  })

  it('is waited for where the caller wants to', async () => {
    const order: string[] = []
    let second: Promise<unknown> = Promise.resolve()
    await withProcessLock(file, 'x', async () => {
      second = withProcessLock(file, 'x', async () => order.push('second'), { wait: 60_000 })
      await new Promise((done) => setTimeout(done, 50))
      order.push('first')
    })
    await second
    expect(order).toEqual(['first', 'second'])
  })

  it('of a process that died is taken over at once, by one of many', async () => {
    await writeFile(file, `${deadPid()} abc\n`)
    let inside = 0
    const take = (): Promise<void> =>
      withProcessLock(
        file,
        'x',
        async () => {
          expect(++inside).toBe(1)
          await new Promise((done) => setTimeout(done, 5))
          inside--
        },
        { wait: 60_000 },
      )
    await Promise.all(Array.from({ length: 8 }, take))
    expect(await readdir(folder)).toEqual([])
  })
})
