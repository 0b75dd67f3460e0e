import { setTimeout as delay } from 'node:timers/promises'
import type { PoolClient } from 'pg'
import { EnrollError } from '../../errors.ts'
import { openPool } from './connection.ts'
import { databaseError } from './database-error.ts'
import type { Transactions } from './transactions.ts'

/** How often a lock that is held is asked for again, in milliseconds. */
const AGAIN = 250

export interface LockWait {
  /** Milliseconds. */
  readonly wait: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs `action` while this process holds the lock of a name, against every process of every host. The database keeps it for as long as
 * the connection lives, which is one of its own: it ends with the process, and not while the process is only paused. `what`: names it to
 * people. Throws EnrollError `lock.held`, `ledger.…`.
 */
export async function withDatabaseLock<T>(
  { options, address }: Transactions,
  name: string,
  what: string,
  action: () => Promise<T>,
  { wait, signal }: LockWait,
): Promise<T> {
  const pool = await openPool({ ...options, connections: 1 })
  try {
    const client = await pool.connect().catch((error: unknown) => {
      throw databaseError(error, address)
    })
    try {
      if (!(await take(client, name, performance.now() + wait, signal))) throw held(what, address)
      return await action()
    } finally {
      // The lock goes with the connection.
      client.release(true)
    }
  } finally {
    await pool.end()
  }

  async function take(client: PoolClient, lock: string, deadline: number, stop: AbortSignal | undefined) {
    for (;;) {
      const { rows } = await client
        .query<{ taken: boolean }>("SELECT pg_try_advisory_lock(hashtextextended('hsm_enroll ' || $1, 0)) AS taken", [
          lock,
        ])
        .catch((error: unknown) => {
          throw databaseError(error, address)
        })
      if (rows[0]?.taken === true) return true
      if (performance.now() > deadline || stop?.aborted === true) return false
      await delay(AGAIN, undefined, { signal: stop }).catch(() => undefined)
    }
  }
}

const held = (what: string, address: string): EnrollError =>
  new EnrollError(
    'lock.held',
    `Could not start: another process of the hosts that share ${address} is working on ${what}.`,
    {
      remedy: 'Wait for it to end. pg_locks and pg_stat_activity of the database show its connection.',
    },
  )
