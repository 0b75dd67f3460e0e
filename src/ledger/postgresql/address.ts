import { isIP } from 'node:net'
import { EnrollError } from '../../errors.ts'

/** Where the database is. */
export interface DatabaseAddress {
  /** Host name, IP address, or the folder of a Unix socket (begins with `/`). */
  readonly host: string
  readonly port: number
  readonly database: string
}

/** What other clients read from an address, and what says the same here. */
// biome-ignore format: a table
const ELSEWHERE: Readonly<Record<string, string>> = {
  sslmode: 'ledger.tls', ssl: 'ledger.tls', requiressl: 'ledger.tls', sslnegotiation: 'ledger.tls', uselibpqcompat: 'ledger.tls',
  sslrootcert: 'ledger.ca', sslca: 'ledger.ca',
  sslcert: 'ledger.clientCertificate', sslkey: 'ledger.clientKey',
  user: 'ledger.user', password: 'ledger.password', passfile: 'ledger.password',
  host: 'the host part of the address', port: 'the port part of the address', dbname: 'the path of the address',
}

/**
 * `postgresql://HOST[:PORT]/DATABASE`, or `postgresql://%2Frun%2Fpostgresql/DATABASE` for a Unix socket. Everything else that other
 * clients take from such an address has a setting of its own, which says what it means: `sslmode=require` verifies the server in one
 * client and nothing in another. Throws EnrollError `ledger.address`, which never shows the address: a password may be in it.
 */
export function readAddress(text: string): DatabaseAddress {
  const url = parse(text)
  if (url.username !== '' || url.password !== '')
    throw refuse(
      'it contains a login',
      'Remove it; set ledger.user, and ledger.password to the source of the password.',
    )
  const [name] = url.searchParams.keys()
  if (name !== undefined) {
    const known = ELSEWHERE[name.toLowerCase()]
    throw refuse(
      known === undefined ? 'it has parameters' : `it has the parameter ${name.toLowerCase()}`,
      known === undefined ? 'Remove everything after the name of the database.' : `Remove it, and use ${known}.`,
    )
  }
  if (url.hash !== '') throw refuse('it has a fragment (#…)', 'Remove everything after the name of the database.')
  const host = decode(url.hostname.replace(/^\[|\]$/g, ''))
  const database = decode(url.pathname.slice(1))
  if (host === '' || database === '' || database.includes('/'))
    throw refuse('it does not name a host and a database', FORM)
  return { host, port: url.port === '' ? 5432 : Number(url.port), database }
}

const FORM = 'Write postgresql://HOST:PORT/DATABASE.'

function parse(text: string): URL {
  try {
    const url = new URL(text)
    if (url.protocol === 'postgresql:' || url.protocol === 'postgres:') return url
  } catch {
    // The error of `URL` would show the text.
  }
  throw refuse('it is not an address of PostgreSQL', FORM)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refuse('it is badly encoded', FORM)
  }
}

/** As a person and a file may have it: without anything secret. */
export const addressText = ({ host, port, database }: DatabaseAddress): string =>
  `postgresql://${host.startsWith('/') ? encodeURIComponent(host) : isIP(host) === 6 ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}`

export const isSocket = ({ host }: DatabaseAddress): boolean => host.startsWith('/')

/** Nothing that is sent there leaves this host. */
export const isLocal = (address: DatabaseAddress): boolean =>
  isSocket(address) || address.host === '::1' || (isIP(address.host) === 4 && address.host.startsWith('127.'))

const refuse = (why: string, remedy: string): EnrollError =>
  new EnrollError('ledger.address', `Could not use the address of the ledger: ${why}.`, { remedy })
