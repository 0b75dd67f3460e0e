import { setTimeout as delay } from 'node:timers/promises'
import { EnrollError } from '../../errors.ts'
import { isLockTimeout, refusalState } from './database-error.ts'
import { MIGRATIONS, type Migration, ROLES } from './migrations.ts'
import { schemaState } from './schema.ts'
import type { Statements, Transactions } from './transactions.ts'

/** Only one migrates at a time. Any number that nobody else uses: "hsm-enro" in ASCII. */
const MIGRATING = '7526769913418117743'
/** A change of a table that waits for a lock keeps everybody else waiting behind it: it gives up soon, and tries again. */
const LOCK_WAIT = '2s'
const MOST_TRIES = 30

/**
 * Brings the schema to the version of this program, step by step, while others work. Returns the steps that were made; none where there
 * was nothing to do. Throws EnrollError `ledger.…`; what was made before stays.
 */
export async function migrate(transactions: Transactions): Promise<readonly Migration[]> {
  const made: Migration[] = []
  await begin(transactions)
  for (const migration of MIGRATIONS) {
    if (migration.version <= (await schemaState(transactions)).version) continue
    if (await patiently(() => transactions.bare((statements) => apply(statements, migration)))) made.push(migration)
  }
  return made
}

/** The schema, its table of versions, and the roles that rights are granted to. */
async function begin(transactions: Transactions): Promise<void> {
  if ((await schemaState(transactions)).version > 0) return
  await transactions.bare(async (statements) => {
    await statements.query(`SELECT pg_advisory_xact_lock(${MIGRATING})`)
    for (const role of Object.values(ROLES)) await createRole(statements, role)
    await statements.query('CREATE SCHEMA IF NOT EXISTS hsm_enroll')
    await statements.query(`CREATE TABLE IF NOT EXISTS hsm_enroll.schema_version (
      version integer PRIMARY KEY, least integer NOT NULL, what text NOT NULL,
      time timestamptz NOT NULL DEFAULT clock_timestamp(), by_login text NOT NULL DEFAULT session_user)`)
  })
}

/** Roles are the cluster's, and another of its databases may have brought them. */
async function createRole(statements: Statements, role: string): Promise<void> {
  const { rowCount } = await statements.query('SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = $1', [role])
  if (rowCount !== 0) return
  await statements.query('SAVEPOINT role')
  try {
    await statements.query(`CREATE ROLE ${role} NOLOGIN`)
  } catch (error) {
    const state = refusalState(error)
    if (state === '42501') throw mayNotCreateRoles(error)
    // duplicate_object, or unique_violation where the other is not committed yet.
    if (state !== '42710' && state !== '23505') throw error
    await statements.query('ROLLBACK TO SAVEPOINT role')
  }
}

const mayNotCreateRoles = (cause: unknown): EnrollError =>
  new EnrollError('ledger.login', 'Could not create the roles of the ledger: this login may not create roles.', {
    remedy: `As a superuser, run \`${Object.values(ROLES)
      .map((role) => `CREATE ROLE ${role} NOLOGIN;`)
      .join(' ')}\`, then repeat the command.`,
    cause,
  })

async function apply(statements: Statements, { version, least, what, sql }: Migration): Promise<boolean> {
  await statements.query(`SELECT pg_advisory_xact_lock(${MIGRATING})`)
  const { rowCount } = await statements.query('SELECT 1 FROM hsm_enroll.schema_version WHERE version >= $1', [version])
  if (rowCount !== 0) return false
  await statements.query(`SET LOCAL lock_timeout = '${LOCK_WAIT}'`)
  await statements.query(sql)
  await statements.query('INSERT INTO hsm_enroll.schema_version (version, least, what) VALUES ($1, $2, $3)', [
    version,
    least,
    what,
  ])
  return true
}

async function patiently<T>(step: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await step()
    } catch (error) {
      const cause = error instanceof EnrollError ? error.cause : error
      if (tries === MOST_TRIES || !isLockTimeout(cause)) throw error
      await delay(500 + Math.random() * 500)
    }
  }
}
