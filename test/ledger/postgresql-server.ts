import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import type { DatabaseOptions } from '../../src/ledger/postgresql/connection.ts'
import { migrate } from '../../src/ledger/postgresql/migrate.ts'
import { Transactions } from '../../src/ledger/postgresql/transactions.ts'
import { freePort } from '../free-port.ts'
import { notRun } from '../not-run.ts'

const DEBIAN = '/usr/lib/postgresql'

/** The folder with the programs of a server to use in place of Debian's. */
const CHOSEN = 'HSM_ENROLL_TEST_POSTGRESQL'

/** That folder, or the one of the newest server that Debian's packages have installed; undefined where there is none. */
const binaries = (): string | undefined => process.env[CHOSEN] ?? newestOfDebian()

const newestOfDebian = (): string | undefined =>
  existsSync(DEBIAN)
    ? readdirSync(DEBIAN)
        .toSorted((a, b) => Number(b) - Number(a))
        .map((version) => join(DEBIAN, version, 'bin'))
        .find((folder) => existsSync(join(folder, 'postgres')))
    : undefined

/** For `allHere`. */
export const missingServer = (): readonly string[] => (binaries() === undefined ? ['postgresql'] : [])

/** Does the server come with those programs, beside what every one has? The tests that need them are counted as not run elsewhere. */
export function hasPrograms(...names: readonly string[]): boolean {
  const folder = binaries()
  // Without a server, nothing of the file is run.
  if (folder === undefined) return false
  const missing = names.filter((name) => !existsSync(join(folder, name)))
  if (missing.length > 0) notRun(`${missing.join(', ')} beside the server in ${folder}`)
  return missing.length === 0
}

/** PostgreSQL refuses to run as root: then as nobody. */
const NOBODY = 65534
const asRoot = process.getuid?.() === 0
const ordinary = asRoot ? { uid: NOBODY, gid: NOBODY } : {}

export const PASSWORD = 'correct horse'

/** Another machine to run on: what goes before a command there, and its address. */
export interface ServerPlace {
  readonly inside: readonly string[]
  readonly address: string
}

/** A real server with a cluster of its own in a temporary folder, on loopback and on a socket in that folder. */
export class PostgresqlServer {
  readonly folder: string
  readonly port: number
  readonly #more: readonly string[]
  readonly #place: ServerPlace | undefined
  #process: ChildProcess | undefined
  #databases = 0

  private constructor(folder: string, port: number, more: readonly string[], place: ServerPlace | undefined) {
    this.folder = folder
    this.port = port
    this.#more = more
    this.#place = place
  }

  /** `more`: settings, `name=value`. */
  static async start(more: readonly string[] = [], place?: ServerPlace): Promise<PostgresqlServer> {
    const folder = mkdtempSync(join(tmpdir(), 'pg-'))
    if (asRoot) chownSync(folder, NOBODY, NOBODY)
    chmodSync(folder, 0o700)
    const server = new PostgresqlServer(folder, await freePort(), more, place)
    await server.program('initdb', [
      ...['-D', server.data, '-U', 'postgres', '--no-sync', '--no-instructions', '-E', 'UTF8', '--locale=C'],
      ...['--auth-local=trust', '--auth-host=scram-sha-256'],
    ])
    if (place !== undefined)
      appendFileSync(join(server.data, 'pg_hba.conf'), 'hostssl all all 0.0.0.0/0 scram-sha-256\n')
    await server.resume()
    await server.sql(`ALTER ROLE postgres PASSWORD '${PASSWORD}'`)
    return server
  }

  get data(): string {
    return join(this.folder, 'data')
  }

  get pid(): number {
    return this.#process?.pid ?? 0
  }

  /** Starts it (again) and waits until it takes connections. */
  async resume(): Promise<void> {
    for (;;) {
      const said = await this.#begin()
      if (said === undefined) return
      // What a killed postmaster leaves ends by itself, once it notices.
      if (!said.includes('pre-existing shared memory block')) throw new Error(`postgres ended: ${said}`)
    }
  }

  /** Undefined once it takes connections, else what it said. */
  async #begin(): Promise<string | undefined> {
    const address = this.#place?.address ?? '127.0.0.1'
    // Whoever enters another network is root until then.
    const [command = '', ...before] =
      this.#place === undefined
        ? [join(binaries() ?? '', 'postgres')]
        : [
            ...[...this.#place.inside, 'setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
            join(binaries() ?? '', 'postgres'),
          ]
    const child = spawn(
      command,
      [
        ...before,
        ...['-D', this.data, '-k', this.folder, '-p', `${this.port}`, '-c', `listen_addresses=${address}`],
        ...['-c', 'fsync=off', '-c', 'shared_buffers=16MB', '-c', 'max_connections=120', '-c', 'autovacuum=off'],
        ...this.#more.flatMap((setting) => ['-c', setting]),
      ],
      {
        ...(this.#place === undefined ? ordinary : {}),
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { PATH: process.env.PATH, LANG: 'C' },
      },
    )
    this.#process = child
    let said = ''
    return new Promise((resolve) => {
      child.stderr?.on('data', (data: Buffer) => {
        said += data
        if (said.includes('database system is ready to accept connections')) resolve(undefined)
      })
      child.once('close', () => resolve(said))
    })
  }

  /** Ends it: SIGINT rolls back what is open, SIGKILL gives it no time for anything. */
  async kill(signal: 'SIGINT' | 'SIGKILL' | 'SIGQUIT'): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
  }

  async stop(): Promise<void> {
    await this.kill('SIGQUIT')
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  /** Runs statements as the superuser, over the socket. */
  async sql(text: string, database = 'postgres'): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client({ host: this.folder, port: this.port, user: 'postgres', database, password: '' })
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text)).rows
    } finally {
      await client.end()
    }
  }

  /** One of PostgreSQL's own programs (`pg_dump`, `pg_restore`), as the user of the server. */
  async program(name: string, args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(join(binaries() ?? '', name), args, {
      ...ordinary,
      cwd: this.folder,
      env: { PATH: process.env.PATH, LANG: 'C' },
    })
    return stdout
  }

  /** An empty database of its own, or a copy of one. */
  async database(template = 'template0'): Promise<string> {
    const name = `ledger_${++this.#databases}`
    await this.sql(`CREATE DATABASE ${name} TEMPLATE ${template}`)
    return name
  }

  /** How to reach a database, over loopback with a password, as the superuser unless another is given. */
  options(database: string, user = 'postgres'): DatabaseOptions {
    return {
      // On another machine, the socket is still here.
      address: { host: this.#place === undefined ? '127.0.0.1' : this.folder, port: this.port, database },
      user,
      password: async () => PASSWORD,
      tls: 'off',
    }
  }

  /** A database with the schema of the ledger, and a login for each role: `host_a`, `host_b`, `broker`. */
  async migrated(): Promise<string> {
    const name = await this.database()
    const owner = new Transactions(this.options(name))
    await migrate(owner)
    await owner.close()
    for (const [login, role] of LOGINS)
      await this.sql(
        `DO $$ BEGIN CREATE ROLE ${login} LOGIN PASSWORD '${PASSWORD}' IN ROLE ${role};
         EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
      )
    return name
  }

  /** Takes TLS connections with this identity from now on. PEM. */
  async encrypt({ key, certificate }: { readonly key: string; readonly certificate: string }): Promise<void> {
    for (const [name, text] of [
      ['ssl_key_file', key],
      ['ssl_cert_file', certificate],
    ] as const) {
      const file = join(this.folder, name)
      writeFileSync(file, text, { mode: 0o600 })
      if (asRoot) chownSync(file, NOBODY, NOBODY)
      await this.sql(`ALTER SYSTEM SET ${name} = '${file}'`)
    }
    await this.sql('ALTER SYSTEM SET ssl = on')
    await this.sql('SELECT pg_reload_conf()')
  }

  makeFolder(name: string): string {
    const path = join(this.folder, name)
    mkdirSync(path)
    if (asRoot) chownSync(path, NOBODY, NOBODY)
    return path
  }
}

const LOGINS = [
  ['host_a', 'hsm_enroll_host'],
  ['host_b', 'hsm_enroll_host'],
  ['broker', 'hsm_enroll_broker'],
] as const
