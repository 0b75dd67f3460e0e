import { closeSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { flock } from './flock-program.ts'
import { LockFault } from './lock-fault.ts'
import { openLockFile, refuseOtherFile } from './open-lock-file.ts'

export interface LockOptions {
  /** The folder takes files from every user of the host, and each of them may take the lock. */
  readonly shared?: boolean
  /** Milliseconds to wait for whoever holds it; default none. */
  readonly wait?: number
  readonly signal?: AbortSignal
}

/**
 * O_EXLOCK, by which the systems that have no flock(1) lock a file as they open it: BSD and macOS (sys/fcntl.h), and Windows by libuv's
 * own value (uv/win.h). Node passes the number on as it is.
 */
const O_EXLOCK = process.platform === 'win32' ? 0x10000000 : /bsd$|^darwin$/.test(process.platform) ? 0x20 : undefined

/** Opens `file` and locks it; undefined where somebody else holds it. That the kernel has the lock is looked at, not believed. Throws LockFault. */
export function openLocked(file: string, options: LockOptions): Promise<number | undefined> {
  return O_EXLOCK === undefined ? lockByProgram(file, options) : lockByOpening(file, O_EXLOCK, options)
}

const modeOf = ({ shared }: LockOptions): number => (shared === true ? 0o666 : 0o600)

async function lockByProgram(file: string, options: LockOptions): Promise<number | undefined> {
  const descriptor = openLockFile(file, modeOf(options))
  let locked = false
  try {
    refuseOtherFile(file, descriptor, options.shared === true)
    locked = await flock(descriptor, options.wait ?? 0, options.signal)
    if (locked && !(await isHeld(file, descriptor))) {
      locked = false
      throw notHeld()
    }
    return locked ? descriptor : undefined
  } finally {
    if (!locked) closeSync(descriptor)
  }
}

/** Does the kernel show the lock with our open file? Where it shows no locks (gVisor), a second open file must be refused. */
async function isHeld(file: string, descriptor: number): Promise<boolean> {
  try {
    if (/^lock:.* FLOCK .* WRITE /m.test(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))) return true
  } catch {
    // No /proc.
  }
  const second = openLockFile(file, 0o600)
  try {
    return !(await flock(second, 0))
  } finally {
    closeSync(second)
  }
}

/** How often a lock that is waited for is tried, where the system can only try. */
const PAUSE_MS = 200

async function lockByOpening(file: string, exlock: number, options: LockOptions): Promise<number | undefined> {
  const { wait = 0, signal } = options
  for (let left = wait; ; left -= PAUSE_MS) {
    const descriptor = tryLocking(file, exlock, modeOf(options))
    if (descriptor !== undefined) {
      try {
        refuseOtherFile(file, descriptor, options.shared === true)
        const second = tryLocking(file, exlock, modeOf(options))
        if (second === undefined) return descriptor
        closeSync(second)
        throw notHeld()
      } catch (error) {
        closeSync(descriptor)
        throw error
      }
    }
    if (left <= 0) return undefined
    await sleep(Math.min(PAUSE_MS, left), undefined, signal === undefined ? {} : { signal })
  }
}

function tryLocking(file: string, exlock: number, mode: number): number | undefined {
  try {
    return openLockFile(file, mode, exlock)
  } catch (error) {
    const code =
      error instanceof LockFault && error.cause instanceof Error && 'code' in error.cause ? error.cause.code : ''
    // EBUSY: Windows. EPERM never is a conflict.
    if (code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EBUSY') return undefined
    throw error
  }
}

const notHeld = (): LockFault =>
  new LockFault(
    'the system reported it as locked, but it is not',
    'Keep the folder on a local disk; see which program `flock` is (`command -v flock`).',
  )
