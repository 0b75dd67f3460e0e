/** The double's sessions: 16 at most, each gone after 30 idle seconds, authenticated or not. */
import type { SessionKeys } from '../../../devices/yubihsm2/session-keys.ts'
import { refuse } from './command-failure.ts'
import type { StoredObject } from './object-store.ts'

const MAX_SESSIONS = 16
const IDLE_MS = 30_000

export interface DeviceSession {
  readonly sid: number
  readonly authKey: StoredObject
  readonly keys: SessionKeys
  /** Both challenges; what the host's cryptogram is checked over. */
  readonly context: Buffer
  authenticated: boolean
  chain: Buffer
  counter: number
  usedAt: number
}

export class SessionTable {
  readonly #sessions = new Map<number, DeviceSession>()
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  get open(): number {
    this.#expire()
    return this.#sessions.size
  }

  /** Throws CommandFailure where all are taken. */
  freeSid(): number {
    this.#expire()
    for (let sid = 0; sid < MAX_SESSIONS; sid++) if (!this.#sessions.has(sid)) return sid
    throw refuse('sessionsFull')
  }

  add(session: Omit<DeviceSession, 'usedAt' | 'counter'>): DeviceSession {
    const added = { ...session, counter: 1, usedAt: this.#now() }
    this.#sessions.set(session.sid, added)
    return added
  }

  /** Throws CommandFailure where there is none, or it has expired. */
  use(sid: number): DeviceSession {
    this.#expire()
    const session = this.#sessions.get(sid)
    if (session === undefined) throw refuse('invalidSession')
    session.usedAt = this.#now()
    return session
  }

  remove(sid: number): void {
    this.#sessions.delete(sid)
  }

  clear(): void {
    this.#sessions.clear()
  }

  #expire(): void {
    for (const [sid, { usedAt }] of this.#sessions) {
      if (this.#now() - usedAt > IDLE_MS) this.#sessions.delete(sid)
    }
  }
}
