import { closeSync, fstatSync, ftruncateSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { LockFault } from './lock-fault.ts'
import { holderText, type LockHolder, readHolder, thisProcess } from './lock-holder.ts'
import { networkFileSystem } from './network-file-system.ts'
import { type LockOptions, openLocked } from './open-locked.ts'

/**
 * A lock of one host that the kernel holds with an open file: it ends with the process that opened it, however that ends, and counts in
 * every container, namespace and session that sees the same file. No process number is ever judged.
 */
export interface KernelLock {
  /** Safe to call twice. The file stays: whoever removed it while others wait for it would let two of them in. */
  release(): void
}

/** `holder` is absent where the lock file does not say who holds it. */
export type LockOutcome =
  | { readonly kind: 'taken'; readonly lock: KernelLock }
  | { readonly kind: 'held'; readonly holder?: LockHolder }

/** A run that is given up takes its folder, and the lock in it, away; then what was locked is not what is there any more. */
const ATTEMPTS = 5

/**
 * Takes the lock of `file`, whose folder must exist. What the file held is overwritten with who holds it, for messages alone. Throws
 * LockFault where it cannot even be tried; a lock that somebody holds is an outcome.
 */
export async function takeKernelLock(file: string, options: LockOptions = {}): Promise<LockOutcome> {
  const network = networkFileSystem(dirname(file))
  if (network !== undefined) throw onNetwork(network)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const descriptor = await openLocked(file, options)
    if (descriptor === undefined) return heldBy(readHolder(file))
    // One of several names (`LinkedLocks`), left by a process that has ended: it would lock the others, too.
    if (isAt(file, descriptor) && fstatSync(descriptor).nlink > 1) unlinkSync(file)
    else if (isAt(file, descriptor)) {
      write(descriptor, holderText(thisProcess()))
      return { kind: 'taken', lock: lockOf(descriptor) }
    }
    closeSync(descriptor)
  }
  throw new LockFault('other processes keep removing it', `Find out what removes ${file}, and stop it.`)
}

const heldBy = (holder: LockHolder | undefined): LockOutcome => ({
  kind: 'held',
  ...(holder === undefined ? {} : { holder }),
})

const onNetwork = (name: string): LockFault =>
  new LockFault(
    `its folder is on a network file system (${name}), where locks of several hosts may not exclude each other`,
    'Use a folder on a local disk of the one host that enrols.',
  )

/** Is what the name leads to now what was locked? */
function isAt(file: string, descriptor: number): boolean {
  const locked = fstatSync(descriptor, { bigint: true })
  const now = statSync(file, { bigint: true, throwIfNoEntry: false })
  return now !== undefined && now.ino === locked.ino && now.dev === locked.dev
}

/** The holder's name is a courtesy: a full disk, or a file of another user, takes nothing from the lock. */
function write(descriptor: number, text: string): void {
  try {
    ftruncateSync(descriptor, 0)
    writeSync(descriptor, text, 0)
  } catch {
    // Nobody is named, then.
  }
}

function lockOf(descriptor: number): KernelLock {
  const locked = fileOf(descriptor)
  let open = true
  return {
    release: () => {
      if (!open) return
      open = false
      // A PKCS#11 module in this process may have closed the descriptor (opencryptoki 3.8), and the number may be another file's now.
      if (locked === undefined || fileOf(descriptor) !== locked) return
      write(descriptor, '')
      closeSync(descriptor)
    },
  }
}

/** What names the open file; undefined where the descriptor is not open. */
function fileOf(descriptor: number): string | undefined {
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}
