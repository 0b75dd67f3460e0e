import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
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
  it('names its holder while the work is done, and nobody afterwards, however it ends', async () => {
    expect(await withProcessLock(file, 'x', async () => readFile(file, 'utf8'))).toContain(`"pid":${process.pid},`)
    await expect(withProcessLock(file, 'x', async () => Promise.reject(new Error('work')))).rejects.toThrow('work')
    expect(await readFile(file, 'utf8')).toBe('')
  })

  it('that is held is an error that names the holder, and says how its process is found', async () => {
    await withProcessLock(file, 'the work', async () => {
      await expect(withProcessLock(file, 'the work', async () => 1)).rejects.toMatchObject({
        code: 'lock.held',
        message: expect.stringMatching(
          /^Could not start: this process \(.+, user .+, since .+\) is working on the work\.$/,
        ),
        remedy: expect.stringContaining(`fuser ${file}`),
      })
    })
  })

  it('that this system cannot give is an error with the reason, and the work is not begun', async () => {
    await mkdir(file)
    let begun = false
    const work = withProcessLock(file, 'the work', async () => {
      begun = true
    })
    await expect(work).rejects.toMatchObject({
      code: 'lock.unavailable',
      message: `Could not lock the work (${file}): a folder is in its place.`,
    })
    expect(begun).toBe(false)
  })

  it('is waited for if the caller wants to', async () => {
    const order: string[] = []
    let second: Promise<unknown> = Promise.resolve()
    await withProcessLock(file, 'x', async () => {
      second = withProcessLock(file, 'x', async () => order.push('second'), { wait: 60_000 })
      await expect(withProcessLock(file, 'x', async () => 1)).rejects.toMatchObject({ code: 'lock.held' })
      order.push('first')
    })
    await second
    expect(order).toEqual(['first', 'second'])
  })

  it('is no longer waited for once the signal says so', async () => {
    await withProcessLock(file, 'x', async () => {
      const stop = new AbortController()
      const waiting = withProcessLock(file, 'x', async () => 1, { wait: 100_000, signal: stop.signal })
      stop.abort()
      await expect(waiting).rejects.toMatchObject({ code: 'lock.held' })
    })
  })

  it('of a process that died, as an older version wrote it, is taken by one of many at a time', async () => {
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
    expect(inside).toBe(0)
  })
})
