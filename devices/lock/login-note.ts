import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { LockFault } from './lock-fault.ts'
import { type LockPlace, lockPlace } from './lock-place.ts'
import { openLockFile, refuseOtherFile } from './open-lock-file.ts'

/** How the last logins with a secret ended, as all users of this host are to know. `sent`: nobody has heard. */
export interface LoginNote {
  readonly outcome: 'sent' | 'wrong' | 'right'
  /** How many in a row were `sent`. */
  readonly unheard: number
}

const OUTCOMES: readonly LoginNote['outcome'][] = ['sent', 'wrong', 'right']
const MAX_LENGTH = 200
const SHARED = 0o666

/**
 * Beside the locks of devices, for the same reason: a cron job and a person at a terminal use one token under different state
 * directories. It lasts until the host starts anew, and any user may change it: it keeps a PIN from being wasted, and guards nothing else.
 */
export class LoginNotes {
  readonly #place: LockPlace

  constructor(place: LockPlace = lockPlace()) {
    this.#place = place
  }

  /** Undefined where nothing is noted, or nothing that can be read. */
  read(subject: string): LoginNote | undefined {
    try {
      const text = readFileSync(this.#file(subject), 'utf8')
      const value: unknown = text.length > MAX_LENGTH ? undefined : JSON.parse(text)
      if (typeof value !== 'object' || value === null || !('outcome' in value) || !('unheard' in value))
        return undefined
      const outcome = OUTCOMES.find((known) => known === value.outcome)
      const { unheard } = value
      return outcome === undefined || typeof unheard !== 'number' ? undefined : { outcome, unheard }
    } catch {
      return undefined
    }
  }

  /** Where this host has no place for it, the ledger alone knows. */
  write(subject: string, note: LoginNote): void {
    const file = this.#file(subject)
    try {
      const descriptor = openLockFile(file, SHARED)
      try {
        refuseOtherFile(file, descriptor, true)
        ftruncateSync(descriptor)
        writeSync(descriptor, `${JSON.stringify(note)}\n`)
      } finally {
        closeSync(descriptor)
      }
    } catch (error) {
      if (!(error instanceof LockFault) && !(error instanceof Error && 'code' in error)) throw error
    }
  }

  #file(subject: string): string {
    const name = createHash('sha256').update(`login\0${subject}`).digest('hex').slice(0, 32)
    return join(this.#place.folder, `${this.#place.prefix}${name}.login`)
  }
}
