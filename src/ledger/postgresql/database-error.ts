import { EnrollError } from '../../errors.ts'

/** An error that the server sent: it has a SQLSTATE and a severity. Everything else is the connection's. */
interface ServerError extends Error {
  readonly code: string
  readonly severity: string
}

const isServerError = (error: unknown): error is ServerError =>
  error instanceof Error &&
  'severity' in error &&
  typeof error.severity === 'string' &&
  'code' in error &&
  typeof error.code === 'string' &&
  /^[0-9A-Z]{5}$/.test(error.code)

/** The SQLSTATE of a refusal after which the session goes on; undefined for anything that ended it, or may have. */
export const refusalState = (error: unknown): string | undefined =>
  isServerError(error) && error.severity === 'ERROR' ? error.code : undefined

/** serialization_failure, deadlock_detected: the transaction is over, and may succeed when it is begun again. */
export const isToBeginAgain = (error: unknown): boolean => ['40001', '40P01'].includes(refusalState(error) ?? '')

/** lock_not_available: somebody else holds what was waited for, and still did when the time was over. */
export const isLockTimeout = (error: unknown): boolean => refusalState(error) === '55P03'

/** Did the connection end, or never begin? Then nothing of a transaction that was not committed took place. */
export const isConnectionFault = (error: unknown): boolean =>
  !(error instanceof EnrollError) && faultOf(error).kind === 'unreachable'

/**
 * Of a statement for several: may it be the fault of one of them alone, by what was to be written, or by a name that somebody else has
 * locked? `error`: as `databaseError` made it.
 */
export function mayConcernOne(error: unknown): boolean {
  if (!(error instanceof EnrollError)) return false
  const { kind, state = '' } = faultOf(error.cause)
  return ['login', 'limit', 'refused'].includes(kind) || /^(55P03|40)/.test(state)
}

type FaultKind = 'unreachable' | 'login' | 'schema' | 'tls' | 'limit' | 'refused'

/** SQLSTATE, or its class, to what it means here. Appendix A of the manual of PostgreSQL. */
// biome-ignore format: a table
const STATES: readonly (readonly [state: string, kind: FaultKind])[] = [
  ['08',    'unreachable'], // connection exception
  ['57P',   'unreachable'], // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout
  ['53',    'unreachable'], // too many connections, disk full
  ['57014', 'unreachable'], // query_canceled: the time that a statement may take
  ['55P03', 'unreachable'], // lock_not_available
  ['25P',   'unreachable'], // idle_in_transaction_session_timeout, in_failed_sql_transaction
  ['25006', 'unreachable'], // read_only_sql_transaction: a standby
  ['40',    'unreachable'], // after all repetitions
  ['28',    'login'],       // invalid authorization
  ['3D000', 'login'],       // no such database
  ['42501', 'login'],       // insufficient_privilege
  ['42P01', 'schema'],      // undefined_table
  ['42703', 'schema'],      // undefined_column
  ['42883', 'schema'],      // undefined_function
  ['3F000', 'schema'],      // invalid_schema_name
  ['HE001', 'limit'],       // ours: migrations.ts
]

/** Of OpenSSL and Node.js, when the other side is not who it should be. */
const TLS = /CERT|SELF_SIGNED|ERR_TLS|ERR_SSL|UNABLE_TO_|EPROTO/

function faultOf(error: unknown): { readonly kind: FaultKind; readonly state?: string } {
  if (isServerError(error)) {
    const { code } = error
    return { kind: STATES.find(([state]) => code.startsWith(state))?.[1] ?? 'refused', state: code }
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const message = error instanceof Error ? error.message : ''
  if (TLS.test(code) || /does not support SSL|establishing an SSL/.test(message)) return { kind: 'tls' }
  if (/SASL|SCRAM|authentication|password must be/i.test(message)) return { kind: 'login' }
  return { kind: 'unreachable' }
}

/** What a person can do about it. Throws nothing; an EnrollError stays what it is. */
export function databaseError(error: unknown, address: string): EnrollError {
  if (error instanceof EnrollError) return error
  const { kind, state } = faultOf(error)
  const said =
    error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code || error.name : String(error)
  const why = `${said.slice(0, 300)}${state === undefined ? '' : ` (SQLSTATE ${state})`}`
  const made = (
    code: 'ledger.unreachable' | 'ledger.login' | 'ledger.schema' | 'ledger.tls',
    text: string,
    remedy: string,
  ) => new EnrollError(code, `${text}: ${why}.`, { remedy, cause: error })
  switch (kind) {
    case 'unreachable':
      return made(
        'ledger.unreachable',
        `Could not use the ledger at ${address}`,
        'Check that PostgreSQL runs there and can be reached, then repeat the command.',
      )
    case 'login':
      return made(
        'ledger.login',
        `The ledger at ${address} refused the login or a right`,
        'Check ledger.user and ledger.password; docs/ledger.md lists the roles and what each may do.',
      )
    case 'schema':
      return made(
        'ledger.schema',
        `The database at ${address} has no ledger that hsm-enroll can use`,
        'Run `hsm-enroll ledger migrate` as the owner of the schema, then repeat the command.',
      )
    case 'tls':
      return made(
        'ledger.tls',
        `Could not connect to the ledger at ${address} over verified TLS`,
        'Check ledger.ca, and that the certificate of the server names the host of ledger.url.',
      )
    case 'limit':
      return new EnrollError(
        'ledger.limit',
        `Did not order: the account is limited to ${said.slice(0, 100)}. Nothing was sent.`,
        {
          remedy:
            'Wait for the next day or month (UTC), or have the owner of the ledger raise it with `hsm-enroll ledger limit`.',
          cause: error,
        },
      )
    case 'refused':
      return made(
        'ledger.unreachable',
        `The ledger at ${address} refused a statement`,
        'Run `hsm-enroll ledger status`, and look into the log of PostgreSQL.',
      )
  }
}
