import { SCHEMA_VERSION } from './migrations.ts'
import { schemaState } from './schema.ts'
import type { Transactions } from './transactions.ts'

/** What `ledger status` says of the database. */
export interface DatabaseStatus {
  readonly address: string
  /** Of the server. */
  readonly server: string
  readonly login: string
  readonly encrypted: boolean
  readonly schema: { readonly version: number; readonly needed: number; readonly usable: boolean }
  /** Does the server write to disk before it confirms (fsync, full_page_writes)? */
  readonly durable: boolean
  /** Absent where the schema is. */
  readonly facts?: number
  readonly claims?: number
}

interface Row {
  readonly server: string
  readonly login: string
  readonly encrypted: boolean
  readonly durable: boolean
}

/** Asks the database; throws EnrollError `ledger.…` where it cannot be asked. */
export async function databaseStatus(transactions: Transactions): Promise<DatabaseStatus> {
  const [row] = await transactions.read<Row>(
    `SELECT current_setting('server_version') AS server, session_user::text AS login,
       coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()), false) AS encrypted,
       current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS durable`,
  )
  if (row === undefined) throw new Error('no row')
  const { version, least } = await schemaState(transactions)
  const usable = version >= SCHEMA_VERSION && least <= SCHEMA_VERSION
  const [counts] = usable
    ? await transactions.read<{ facts: string; claims: string }>(
        'SELECT (SELECT count(*) FROM hsm_enroll.fact) AS facts, (SELECT count(*) FROM hsm_enroll.claim) AS claims',
      )
    : []
  return {
    address: transactions.address,
    ...row,
    schema: { version, needed: SCHEMA_VERSION, usable },
    ...(counts === undefined ? {} : { facts: Number(counts.facts), claims: Number(counts.claims) }),
  }
}
