import { takeKernelLock } from '../../devices/lock/kernel-lock.ts'
import { LockFault } from '../../devices/lock/lock-fault.ts'
import { describeHolder, type LockHolder, readHolder } from '../../devices/lock/lock-holder.ts'
import { EnrollError } from '../errors.ts'

/**
 * Runs `action` while this process holds the lock of `file`, which the kernel keeps: it ends with the process, and holds against every
 * process of the host, whatever its namespace or user. The file stays. A lock that is held is waited for (`wait` milliseconds, default
 * none, or until `signal`). Throws EnrollError: `lock.held` naming the holder, `lock.unavailable` where the folder or this system offers no lock.
 */
export async function withProcessLock<T>(
  file: string,
  what: string,
  action: () => Promise<T>,
  { wait = 0, signal }: { readonly wait?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const outcome = await takeKernelLock(file, { wait, signal }).catch((error: unknown) => {
    if (error instanceof LockFault) throw unavailable(file, what, error)
    if (signal?.aborted === true) return { kind: 'held', holder: readHolder(file) } as const
    throw error
  })
  if (outcome.kind === 'held') throw held(file, what, outcome.holder)
  try {
    return await action()
  } finally {
    outcome.lock.release()
  }
}

const held = (file: string, what: string, holder: LockHolder | undefined): EnrollError =>
  new EnrollError('lock.held', `Could not start: ${describeHolder(holder)} is working on ${what}.`, {
    remedy: `Wait for it to end, or end it. \`fuser ${file}\`, as root on the host, shows its process.`,
  })

const unavailable = (file: string, what: string, cause: LockFault): EnrollError =>
  new EnrollError('lock.unavailable', `Could not lock ${what} (${file}): ${cause.message}.`, {
    remedy: cause.remedy,
    cause,
  })
