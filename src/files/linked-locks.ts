import { randomBytes } from 'node:crypto'
import { linkSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type KernelLock, takeKernelLock } from '../../devices/lock/kernel-lock.ts'

/** Before the name of the file that is locked; what a process that was killed has left of it is no lock. */
const OWN = '.lock-'

/**
 * New lock files, all of them locked by one lock: each is another name (a hard link) of a file that this process has locked, so that it is
 * held from the moment at which it appears, and no program has to be started for it. Whoever locks such a file in the usual way finds it
 * held, by this process, until it is released or this process ends.
 */
export class LinkedLocks {
  readonly #directory: string
  #locked: Promise<{ readonly file: string; readonly lock: KernelLock } | undefined> | undefined

  /** `directory`: on the file system of the lock files. */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** Creates a lock file that is held; false where that cannot be done, and it is to be locked in the usual way. */
  async create(file: string): Promise<boolean> {
    this.#locked ??= this.#begin()
    const locked = await this.#locked
    if (locked === undefined) return false
    try {
      linkSync(locked.file, file)
      return true
    } catch {
      // Its name was removed, the file system has no links, or no more of them: the next one begins anew.
      this.#locked = undefined
      return false
    }
  }

  /** Gives back what `create` made: whoever wants it next creates a file of its own. */
  release(file: string): void {
    removeName(file)
  }

  async close(): Promise<void> {
    const locked = await this.#locked
    this.#locked = undefined
    if (locked === undefined) return
    removeName(locked.file)
    locked.lock.release()
  }

  async #begin(): Promise<{ readonly file: string; readonly lock: KernelLock } | undefined> {
    try {
      // Names alone: where the process lives whose it is, that one begins anew, too.
      for (const name of readdirSync(this.#directory)) if (name.startsWith(OWN)) removeName(join(this.#directory, name))
      const file = join(this.#directory, `${OWN}${randomBytes(6).toString('hex')}`)
      const outcome = await takeKernelLock(file)
      return outcome.kind === 'taken' ? { file, lock: outcome.lock } : undefined
    } catch {
      // Whoever locks in the usual way is told why that cannot be done.
      return undefined
    }
  }
}

function removeName(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // Gone with its folder.
  }
}
