import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Pool, PoolClient } from 'pg'
import { EnrollError } from '../../errors.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { addressText } from './address.ts'
import { type DatabaseOptions, openPool } from './connection.ts'
import { databaseError, isConnectionFault, isLockTimeout, isToBeginAgain, refusalState } from './database-error.ts'

/** What a transaction may do. */
export type Statements = Pick<PoolClient, 'query'>

/** How often one is begun, all in all, and how long it is asked whether a COMMIT took place. */
const MOST_BEGINNINGS = 7
const DOUBT_MILLISECONDS = 60_000
/** The same where nobody listens: a server that is started again, or in recovery, soon does. */
const NOBODY_MILLISECONDS = 3000

/**
 * Transactions of one database. `run` resolves once the database has committed, and throws where it has not, or where nobody knows.
 */
export class Transactions {
  readonly address: string
  readonly options: DatabaseOptions
  #pool: Promise<Pool> | undefined
  #last: string | undefined
  readonly #guards: ((connection: Statements) => Promise<void>)[] = []

  constructor(options: DatabaseOptions) {
    this.options = options
    this.address = addressText(options.address)
  }

  /** The last transaction of `run` or `write` that committed; undefined before the first. */
  get lastCommitted(): string | undefined {
    return this.#last
  }

  /** Has each further connection looked at before it is used: what it leads to may be another database. What `look` throws is thrown. */
  guard(look: (connection: Statements) => Promise<void>): void {
    this.#guards.push(look)
  }

  /** One statement that changes nothing; asked again where the connection broke. Throws EnrollError `ledger.…`. */
  async read<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    for (let begun = 1; ; begun++) {
      const taken = await this.#take(begun)
      if (taken === undefined) continue
      try {
        const { rows } = await taken.query<Row>(prepared(sql, values))
        taken.release()
        return rows
      } catch (error) {
        taken.release(refusalState(error) === undefined)
        await this.#again(error, begun)
      }
    }
  }

  /**
   * One statement that writes, as a transaction of its own: in one round trip with the note of its attempt, which is its value $1; those
   * given begin at $2. A database that lacks the last write that it confirmed takes none: then the guards look at it again. Undefined
   * where it took place, and what it returned was lost. Throws EnrollError `ledger.in-doubt` where it may have taken place.
   */
  async write<Row extends object>(sql: string, values: readonly unknown[]): Promise<readonly Row[] | undefined> {
    for (let begun = 1; ; begun++) {
      const attempt = randomUUID()
      const client = await this.#take(begun)
      if (client === undefined) continue
      let rows: readonly Row[] | undefined
      try {
        // Resolves when the server is ready for the next: after it has committed.
        rows = (await client.query<Row>(prepared(`${NOTED} ${sql}`, [[attempt, this.#last], ...values]))).rows
        client.release()
      } catch (error) {
        if (hasForgotten(error)) {
          await this.#lookAgain(client).catch((fault: unknown) => this.#again(fault, begun))
          continue
        }
        const isRefused = refusalState(error) !== undefined
        client.release(!isRefused)
        if (isRefused || !(await this.#asked(attempt, error))) {
          await this.#again(error, begun)
          continue
        }
      }
      this.#last = attempt
      return rows
    }
  }

  /**
   * Runs `work` in a transaction, from BEGIN again where the database says so or the connection broke before COMMIT: `work` may run
   * several times, and must do nothing but speak to the database. Throws EnrollError `ledger.in-doubt` where it may have taken place.
   */
  run<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    return this.#transaction(work, true)
  }

  /** The same without a note of the attempt, for work that can be done twice: a COMMIT whose answer was lost is an error. */
  bare<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    return this.#transaction(work, false)
  }

  async #transaction<T>(work: (statements: Statements) => Promise<T>, noted: boolean): Promise<T> {
    for (let begun = 1; ; begun++) {
      const attempt = randomUUID()
      const client = await this.#take(begun)
      if (client === undefined) continue
      let result: T
      try {
        await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
        if (noted) await client.query('INSERT INTO hsm_enroll.attempt (value) VALUES ($1)', [attempt])
        result = await work(client)
      } catch (error) {
        await giveUp(client, error)
        await this.#again(error, begun)
        continue
      }
      const end = await commit(client)
      const committed =
        end.kind === 'committed' || (end.kind === 'unknown' && noted && (await this.#asked(attempt, end.error)))
      if (committed) {
        if (noted) this.#last = attempt
        return result
      }
      if (end.kind === 'unknown' && !noted) throw databaseError(end.error, this.address)
      await this.#again(end.error, begun)
    }
  }

  /** An older copy was restored under the connections that are open, or has been completed since: whoever looked at them looks again. */
  async #lookAgain(client: PoolClient): Promise<void> {
    try {
      for (const look of this.#guards) await look(client)
      this.#last = undefined
      client.release()
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  /** Ends the connections; a transaction that is under way is waited for. */
  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    await (await pool)?.end()
  }

  async #connect(): Promise<PoolClient> {
    this.#pool ??= openPool(this.options, this.#guards).catch((error: unknown) => {
      this.#pool = undefined
      throw error
    })
    return (await this.#pool).connect()
  }

  /** A connection; undefined where there was none, and it is to be tried again. */
  async #take(begun: number): Promise<PoolClient | undefined> {
    try {
      return await this.#connect()
    } catch (error) {
      await this.#again(error, begun)
      return undefined
    }
  }

  /** Resolves after a pause where it is worth to begin again, and throws where it is not. */
  async #again(error: unknown, begun: number): Promise<void> {
    if (begun >= MOST_BEGINNINGS || !(isToBeginAgain(error) || isBroken(error)))
      throw databaseError(error, this.address)
    // Two that met in a deadlock should not meet again.
    await delay(2 ** begun * 10 * (0.5 + Math.random()), undefined, { ref: true })
  }

  /**
   * Did the transaction with this attempt commit? Asked by writing the same value on another connection: the unique index makes that wait
   * for a transaction that is still under way, which a SELECT would take for none. What was not committed by then never will be.
   */
  async #asked(attempt: string, cause: unknown): Promise<boolean> {
    const begun = performance.now()
    for (let asked = 0; ; asked++) {
      try {
        return await this.#settle(attempt)
      } catch (error) {
        const goesOn = isBroken(error) || isLockTimeout(error) || isConnectionFault(error)
        const patience = nobodyListens(error) ? NOBODY_MILLISECONDS : DOUBT_MILLISECONDS
        if (!goesOn || performance.now() - begun > patience) throw inDoubt(this.address, cause)
        await delay(Math.min(1000, 2 ** asked * 20))
      }
    }
  }

  async #settle(attempt: string): Promise<boolean> {
    const client = await this.#connect()
    try {
      await client.query('INSERT INTO hsm_enroll.attempt (value, void) VALUES ($1, true) ON CONFLICT DO NOTHING', [
        attempt,
      ])
      const { rows } = await client.query<{ void: boolean }>('SELECT void FROM hsm_enroll.attempt WHERE value = $1', [
        attempt,
      ])
      client.release()
      return rows[0]?.void === false
    } catch (error) {
      client.release(true)
      throw error
    }
  }
}

/**
 * $1: the attempt, and the last one that was confirmed. Both are written, or neither: were the attempt void by then, its key would refuse
 * the whole statement; and where the last one is missing, its column does.
 */
const NOTED = `WITH noted AS (INSERT INTO hsm_enroll.attempt (value) SELECT CASE
    WHEN ($1::uuid[])[2] IS NULL OR EXISTS (SELECT FROM hsm_enroll.attempt WHERE value = ($1::uuid[])[2] AND NOT void)
    THEN ($1::uuid[])[1] END)`

/** not_null_violation, of the attempt: the database lacks what it has confirmed. */
const hasForgotten = (error: unknown): boolean =>
  refusalState(error) === '23502' && error instanceof Error && 'table' in error && error.table === 'attempt'

/** Parsed and planned once for each connection: the same few statements make up every order. */
const prepared = (text: string, values: readonly unknown[]) => ({ name: nameOf(text), text, values: [...values] })

const names = new Map<string, string>()
function nameOf(text: string): string {
  const name = names.get(text) ?? sha256Hex(text).slice(0, 32)
  names.set(text, name)
  return name
}

type End = { readonly kind: 'committed' } | { readonly kind: 'rolled-back' | 'unknown'; readonly error: unknown }

/** A COMMIT in a transaction that had failed is answered too, by the tag ROLLBACK: no error, and nothing was written. */
async function commit(client: PoolClient): Promise<End> {
  try {
    const { command } = await client.query('COMMIT')
    client.release(command !== 'COMMIT')
    if (command === 'COMMIT') return { kind: 'committed' }
    return { kind: 'rolled-back', error: new Error(`the transaction ended with ${command}`) }
  } catch (error) {
    client.release(true)
    return { kind: refusalState(error) === undefined ? 'unknown' : 'rolled-back', error }
  }
}

async function giveUp(client: PoolClient, error: unknown): Promise<void> {
  // One that the server refused a statement of is good for another; one that is silent is not.
  const usable = refusalState(error) !== undefined || error instanceof EnrollError
  const rolledBack = usable && (await client.query('ROLLBACK').then(Boolean, () => false))
  client.release(!rolledBack)
}

/** The connection ended under a statement, or was refused for a moment (the server starts, or stops). */
const isBroken = (error: unknown): boolean => {
  if (!(error instanceof Error) || error instanceof EnrollError || refusalState(error) !== undefined) return false
  const code = 'code' in error ? String(error.code) : ''
  if (/^(57P0[123]|08|ECONNRESET|EPIPE|ECONNREFUSED)/.test(code)) return true
  return code === '' && /^Connection terminated|Client has encountered a connection error/.test(error.message)
}

const nobodyListens = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ECONNREFUSED', 'ENOENT'].includes(String(error.code))

const inDoubt = (address: string, cause: unknown): EnrollError =>
  new EnrollError(
    'ledger.in-doubt',
    `The ledger at ${address} was lost while it committed, and whether it did could not be found out.`,
    { remedy: 'Once it can be reached, run `hsm-enroll ledger sync`, then repeat the command.', cause },
  )
