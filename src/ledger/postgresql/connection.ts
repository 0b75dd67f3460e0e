import { checkServerIdentity } from 'node:tls'
import type { Pool, PoolClient, PoolConfig } from 'pg'
import { EnrollError } from '../../errors.ts'
import { addressText, type DatabaseAddress, isLocal, isSocket } from './address.ts'

/** How to reach the database, and as whom. */
export interface DatabaseOptions {
  readonly address: DatabaseAddress
  readonly user: string
  /** Asked for each connection; undefined where the server wants none (a client certificate, the user of a socket). */
  readonly password?: () => Promise<string>
  /** `verify`: encrypted, and the server is who the address says. `off`: only within this host. */
  readonly tls: 'verify' | 'off'
  /** PEM. These alone are trusted for the server; those of the system where there are none. */
  readonly ca?: () => Promise<string>
  /** PEM: what the server knows this client by. */
  readonly client?: () => Promise<{ readonly certificate: string; readonly key: string }>
  /** Connections at once. Default 4: a command does one thing after another. */
  readonly connections?: number
}

/** Milliseconds. What takes longer counts as not there. */
const TIMES = {
  connect: 10_000,
  /** The server ends a statement, */
  statement: 20_000,
  /** a wait for what another has locked, */
  lock: 10_000,
  /** and a transaction whose client says nothing any more: until then its locks keep others waiting. */
  idleInTransaction: 30_000,
  /** Longer than the server's: who gives up first must not be the one who knows less. */
  answer: 30_000,
  idle: 10_000,
} as const

/** Of each session; a role or a database may have other defaults. */
const OPTIONS = [
  'client_encoding=UTF8',
  // A statement that is a transaction of its own has no BEGIN to say it.
  'default_transaction_isolation=read\\ committed',
  // The plan of a statement is made early and kept: for tables that are nearly empty, which are read whole, and are not small for long.
  'enable_seqscan=off',
  // That makes what has no index look dear enough to be compiled, which takes longer than to do it.
  'jit=off',
]

/**
 * Connections to the database, opened when they are needed; they keep no process alive. Each is looked at before it is used: encrypted
 * as wanted by the server's own word (pg_stat_ssl), no standby, and committing to disk; then `guards` look at it. Throws EnrollError `ledger.tls`.
 */
export async function openPool(
  options: DatabaseOptions,
  guards: readonly ((connection: PoolClient) => Promise<void>)[] = [],
): Promise<Pool> {
  const { address, user, password, tls, connections = 4 } = options
  if (tls === 'off' && !isLocal(address)) throw notLocal(address)
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    // Everything that the library would otherwise take from the environment (PGHOST, PGSSLMODE, PGOPTIONS, …) or from ~/.pgpass.
    host: address.host,
    port: address.port,
    database: address.database,
    user,
    password: async () => (await password?.()) ?? '',
    ssl: tls === 'verify' && !isSocket(address) ? await tlsOptions(options) : false,
    options: OPTIONS.map((option) => `-c ${option}`).join(' '),
    application_name: 'hsm-enroll',
    fallback_application_name: 'hsm-enroll',
    // The password is of no use to who sits between, whatever certificate he has.
    enableChannelBinding: true,
    connectionTimeoutMillis: TIMES.connect,
    statement_timeout: TIMES.statement,
    lock_timeout: TIMES.lock,
    idle_in_transaction_session_timeout: TIMES.idleInTransaction,
    query_timeout: TIMES.answer,
    keepAlive: true,
    max: connections,
    idleTimeoutMillis: TIMES.idle,
    allowExitOnIdle: true,
    onConnect: async (client) => {
      await inspect(client as PoolClient, options)
      for (const look of guards) await look(client as PoolClient)
    },
  } satisfies PoolConfig & { readonly enableChannelBinding: boolean })
  // An idle connection that ends (the server restarts) is replaced; without a listener it would end the process.
  pool.on('error', () => undefined)
  return pool
}

async function tlsOptions({ address, ca, client }: DatabaseOptions): Promise<PoolConfig['ssl']> {
  const own = await client?.()
  return {
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca === undefined ? {} : { ca: await ca() }),
    ...(own === undefined ? {} : { cert: own.certificate, key: own.key }),
    checkServerIdentity: (_, certificate) => checkServerIdentity(address.host, certificate),
  }
}

interface Session {
  readonly encrypted: boolean | null
  readonly standby: boolean
  readonly commits: string
}

async function inspect(client: PoolClient, { address, tls }: DatabaseOptions): Promise<void> {
  // One that ends while it is in use emits this beside what its statement is refused with, and without a listener ends the process.
  client.on('error', () => undefined)
  const { rows } = await client.query<Session>(
    `SELECT (SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()) AS encrypted,
       pg_catalog.pg_is_in_recovery() AS standby, pg_catalog.current_setting('synchronous_commit') AS commits`,
  )
  const [session] = rows
  if (tls === 'verify' && !isSocket(address) && session?.encrypted !== true)
    throw new EnrollError(
      'ledger.tls',
      `The ledger at ${addressText(address)} says that the connection is not encrypted.`,
      {
        remedy: 'Connect to PostgreSQL itself, not through a proxy that ends TLS before it.',
      },
    )
  if (session?.standby !== false)
    throw new EnrollError(
      'ledger.unreachable',
      `The database at ${addressText(address)} is a standby, and takes no writes.`,
      {
        remedy: 'Set ledger.url to the primary.',
      },
    )
  // Otherwise a claim would be granted that a crash of the server forgets.
  if (session.commits === 'off' || session.commits === 'local') await client.query('SET synchronous_commit = on')
}

const notLocal = (address: DatabaseAddress): EnrollError =>
  new EnrollError('ledger.tls', `Did not connect to the ledger at ${addressText(address)} without TLS.`, {
    remedy: 'Remove ledger.tls; "off" is only for a socket, or an address of this host such as 127.0.0.1.',
  })
