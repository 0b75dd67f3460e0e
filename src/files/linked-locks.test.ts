import { spawnSync } from 'node:child_process'
import { existsSync, linkSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { takeKernelLock } from '../../devices/lock/kernel-lock.ts'
import { LinkedLocks } from './linked-locks.ts'
import { withProcessLock } from './process-lock.ts'

let folder: string
let locks: LinkedLocks
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'linked-locks-'))
  locks = new LinkedLocks(folder)
})
afterEach(async () => {
  await locks.close()
  rmSync(folder, { recursive: true })
})

const at = (name: string): string => join(folder, name)
/** By a program of others: 1 where the lock is held. */
const flock = (file: string): number | null => spawnSync('flock', ['-n', file, 'true']).status
const take = (file: string): Promise<unknown> => withProcessLock(file, 'it', async () => 'taken')

it('a file is held from its first moment, against other programs and against this one', async () => {
  expect(await locks.create(at('a'))).toBe(true)
  expect(flock(at('a'))).toBe(1)
  await expect(take(at('a'))).rejects.toMatchObject({ code: 'lock.held', message: expect.stringContaining('process') })
})

it('each is released by itself, and then anybody’s', async () => {
  await locks.create(at('a'))
  await locks.create(at('b'))
  locks.release(at('a'))
  expect(await take(at('a'))).toBe('taken')
  expect(flock(at('b'))).toBe(1)
})

it('what is there is not touched, and is to be locked in the usual way', async () => {
  writeFileSync(at('a'), 'x')
  expect(await locks.create(at('a'))).toBe(false)
  expect(await take(at('a'))).toBe('taken')
  expect(await locks.create(at('b'))).toBe(true)
  expect(flock(at('b'))).toBe(1)
})

it('what a process that was killed has left is free, and one of its names does not lock the other', async () => {
  writeFileSync(at('.lock-dead'), '{}')
  linkSync(at('.lock-dead'), at('a'))
  linkSync(at('.lock-dead'), at('b'))
  const both = [await takeKernelLock(at('a')), await takeKernelLock(at('b'))]
  expect(both.map(({ kind }) => kind)).toEqual(['taken', 'taken'])
  expect([flock(at('a')), flock(at('b'))]).toEqual([1, 1])
  for (const outcome of both) if (outcome.kind === 'taken') outcome.lock.release()
  await locks.create(at('c'))
  expect(existsSync(at('.lock-dead'))).toBe(false)
})

it('two processes over one folder both lock, though each removes the other’s name', async () => {
  const other = new LinkedLocks(folder)
  await locks.create(at('a'))
  await other.create(at('b'))
  // Its name is gone: this one is for the usual way, the next one begins anew.
  expect([await locks.create(at('c')), await locks.create(at('d'))]).toEqual([false, true])
  expect(['a', 'b', 'd'].map((name) => flock(at(name)))).toEqual([1, 1, 1])
  await other.close()
  expect(flock(at('b'))).toBe(0)
})

it('nothing is left in the folder', async () => {
  await locks.create(at('a'))
  locks.release(at('a'))
  await locks.close()
  expect(readdirSync(folder)).toEqual([])
})
