import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  fstatSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type KernelLock, takeKernelLock } from './kernel-lock.ts'
import { LockFault } from './lock-fault.ts'

let folder: string
let file: string
const taken: KernelLock[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-'))
  file = join(folder, 'lock')
})
afterEach(() => {
  for (const lock of taken.splice(0)) lock.release()
  rmSync(folder, { recursive: true })
})

const take = async (...given: Parameters<typeof takeKernelLock>): Promise<KernelLock> => {
  const outcome = await takeKernelLock(...given)
  if (outcome.kind !== 'taken') throw new Error(`held by ${JSON.stringify(outcome.holder)}`)
  taken.push(outcome.lock)
  return outcome.lock
}

/** Undefined for a descriptor that is closed by now. */
function leadsTo(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}

const fault = async (...given: Parameters<typeof takeKernelLock>): Promise<LockFault> => {
  const error = await takeKernelLock(...given).catch((thrown: unknown) => thrown)
  if (error instanceof LockFault) return error
  throw new Error(`no fault but ${JSON.stringify(error)}`)
}

describe('a kernel lock', () => {
  it('is held against this process, too, says who has it, and can be released twice', async () => {
    const lock = await take(file)
    const again = await takeKernelLock(file)
    expect(again).toMatchObject({ kind: 'held', holder: { pid: process.pid } })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid, since: expect.any(String) })
    lock.release()
    lock.release()
    expect(readFileSync(file, 'utf8')).toBe('')
    await take(file)
  })

  it.runIf(process.platform === 'linux')(
    'leaves the file alone that has its number after a module closed the descriptor',
    async () => {
      const lock = await take(file)
      const number = Number(readdirSync('/proc/self/fd').find((name) => leadsTo(`/proc/self/fd/${name}`) === file))
      closeSync(number)
      const journal = join(folder, 'journal')
      writeFileSync(journal, 'what must stay')
      const opened: number[] = []
      // The lowest free number, unless another thread of this process is quicker.
      while (!opened.includes(number) && opened.length < 50) opened.push(openSync(journal, 'r+'))
      lock.release()
      expect(readFileSync(journal, 'utf8')).toBe('what must stay')
      expect(fstatSync(number).size).toBe(14)
      for (const descriptor of opened) closeSync(descriptor)
      const another = await take(file)
      closeSync(Number(readdirSync('/proc/self/fd').find((name) => leadsTo(`/proc/self/fd/${name}`) === file)))
      expect(() => another.release()).not.toThrow()
    },
  )

  it.each([
    ['empty', ''],
    ['of a process number that lives', `${process.pid} 0123456789abcdef\n`],
    ['of the device locks of an older version', JSON.stringify({ pid: process.pid, startTime: '1' })],
    ['no text', Buffer.from([0, 255, 254])],
    ['long', 'x'.repeat(100_000)],
  ])('takes a file that is %s', async (_, content) => {
    writeFileSync(file, content)
    await take(file)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid })
  })

  it('names nobody where the holder wrote what cannot be read', async () => {
    await take(file)
    for (const text of ['', '1 2\n', '{"pid":-4}', '{"pid":1,"user":"\\u001b[2Jx"}']) {
      writeFileSync(file, text)
      const outcome = await takeKernelLock(file)
      expect(outcome.kind).toBe('held')
      expect(JSON.stringify(outcome)).not.toContain('u001b')
    }
  })

  it('is given up after the wait, and taken when it is freed within it', async () => {
    const lock = await take(file)
    expect(await takeKernelLock(file, { wait: 50 })).toMatchObject({ kind: 'held' })
    const waiting = take(file, { wait: 100_000 })
    lock.release()
    await waiting
  })

  it('is no longer waited for when the signal says so', async () => {
    await take(file)
    const stop = new AbortController()
    const waiting = takeKernelLock(file, { wait: 100_000, signal: stop.signal })
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('follows the name: a file that was replaced while it was waited for is not the one that is locked', async () => {
    const lock = await take(file)
    const waiting = take(file, { wait: 100_000 })
    renameSync(file, join(folder, 'aside'))
    lock.release()
    await waiting
    expect(await takeKernelLock(file)).toMatchObject({ kind: 'held' })
  })

  it.each([
    ['a folder', () => mkdirSync(file), /a folder is in its place/],
    ['a symbolic link', () => symlinkSync('/etc/hostname', file), /a symbolic link is in its place/],
    ['a FIFO', () => spawnSync('mkfifo', [file]), /not a regular file/],
  ] as const)('refuses %s in its place', async (_, put, words) => {
    put()
    const { message, remedy } = await fault(file)
    expect(message).toMatch(words)
    expect(remedy).toContain(file)
  })

  it('on a device refuses a file that has a second name, and leaves it as it is', async () => {
    const victim = join(folder, 'victim')
    writeFileSync(victim, 'precious')
    linkSync(victim, file)
    expect((await fault(file, { shared: true })).message).toMatch(/hard link/)
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    unlinkSync(file)
    await take(file, { shared: true })
  })

  it('without its folder is a fault that says so', async () => {
    expect((await fault(join(folder, 'none', 'lock'))).message).toBe('its folder does not exist')
    writeFileSync(file, '')
    expect((await fault(join(file, 'lock'))).message).toBe('its folder does not exist')
  })

  it.runIf(process.getuid?.() !== 0)('in a folder that takes no files is a fault that says so', async () => {
    chmodSync(folder, 0o500)
    expect((await fault(file)).message).toBe('this user has no write permission in the folder')
    chmodSync(folder, 0o700)
  })
})

describe.runIf(process.platform === 'linux')('the program flock', () => {
  const before = process.env.PATH
  afterEach(() => {
    process.env.PATH = before
  })

  const putProgram = (script: string): void => {
    writeFileSync(join(folder, 'flock'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    process.env.PATH = `${folder}:${before}`
  }

  it('is found without a PATH', async () => {
    delete process.env.PATH
    await take(file)
  })

  it('that says that it locked, and did not, is not believed', async () => {
    putProgram('exit 0')
    expect((await fault(file)).message).toMatch(/is not/)
  })

  it('that fails is a fault in its own words, and no lock', async () => {
    putProgram('echo "flock: 3: No locks available" >&2; exit 71')
    expect((await fault(file)).message).toContain('No locks available')
    putProgram('kill -9 $$')
    await fault(file)
  })

  it('sees nothing of the environment', async () => {
    process.env.HSM_ENROLL_LOCK_TEST_SECRET = 'hunter2'
    putProgram(`env > ${join(folder, 'seen')}; exit 1`)
    expect(await takeKernelLock(file)).toMatchObject({ kind: 'held' })
    delete process.env.HSM_ENROLL_LOCK_TEST_SECRET
    expect(readFileSync(join(folder, 'seen'), 'utf8')).not.toContain('hunter2')
  })
})
