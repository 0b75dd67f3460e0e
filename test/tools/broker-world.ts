/** Everything that `npm run bench:broker` measures, started: each part a process of its own. */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { stringify } from 'yaml'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import { REHEARSAL_ORDER } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { LOGIN, newIdentity } from '../broker/broker-kit.ts'
import { PASSWORD, PostgresqlServer } from '../ledger/postgresql-server.ts'
import { BenchDevices, serialOf } from './broker-orders.ts'
import type { Question, Role, RoleSetting } from './broker-roles.ts'

export interface WorldOptions {
  /** Orders that are prepared for each side. */
  readonly orders: number
  readonly beside: number
  readonly hosts: number
  readonly ledger: 'postgresql' | 'folder'
  /** Does the database wait for its disk? */
  readonly fsync: boolean
  /** Folder for a processor profile of the broker. */
  readonly profileTo?: string
}

/** A process of ours that answers questions. */
export class Player {
  readonly #child: ChildProcess
  readonly #ended: Promise<never>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'exit').then(() => {
      throw new Error('a process of the bench ended')
    })
    // It may end when nobody waits for it.
    this.#ended.catch(() => undefined)
  }

  static async start(role: Role, setting: string): Promise<Player> {
    const player = new Player(
      fork(process.argv[1] ?? '', ['--role', role, setting], { env: { PATH: process.env.PATH } }),
    )
    await player.#answer()
    return player
  }

  async ask<Answer>(question: Question): Promise<Answer> {
    this.#child.send(question)
    return (await this.#answer()) as Answer
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }

  async #answer(): Promise<unknown> {
    const message = new Promise<unknown>((done) => this.#child.once('message', done))
    const answer = await Promise.race([message, this.#ended])
    const fault: unknown = Reflect.get(Object(answer), 'fault')
    if (fault !== undefined) throw new Error(String(fault))
    return answer
  }
}

/** Both sides: `alone` calls its CA, `hosts` call the broker, which calls another CA that is the same. */
export interface World {
  readonly alone: Player
  readonly aloneCa: Player
  readonly hosts: Player
  readonly hostsCa: Player
  readonly claims: Player
  readonly brokerPid: number
  readonly brokerUrl: string
  /** MiB of the broker that are in use, apart from garbage. */
  readonly liveMemory: () => Promise<number>
  readonly database: { readonly port: number; readonly name: string; readonly pid: number } | undefined
  close(): Promise<void>
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-broker-'))
  const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true })]
  const close = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end()
  }
  try {
    return { ...(await startParts(folder, options, ends)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startParts(
  folder: string,
  options: WorldOptions,
  ends: (() => unknown)[],
): Promise<Omit<World, 'close'>> {
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 })
    return join(folder, name)
  }
  const devices = new BenchDevices(options.hosts)
  const tls = loopbackTlsIdentity()
  const server = loopbackTlsIdentity()
  const identities = Array.from({ length: options.hosts }, newIdentity)
  /** What the CA is asked with: `url` is where it is. */
  const profile = (name: string, url: string, more: object = {}): string =>
    write(
      `${name}.yaml`,
      stringify({
        stateDirectory: join(folder, name),
        trustAnchors: [write('trust-anchors.json', JSON.stringify({ trustAnchors: devices.trustAnchors }))],
        policy: { fips: 'warn', fipsUnknown: 'warn' },
        sectigo: {
          endpoint: url,
          caFile: write('ca.pem', tls.caCertificatePem),
          loginName: `file:${write('login-name', LOGIN.loginName)}`,
          loginPassword: `file:${write('login-password', LOGIN.loginPassword)}`,
        },
        order: REHEARSAL_ORDER,
        ...more,
      }),
    )
  const prepared = await loadConfiguration({ profile: profile('prepared', 'https://127.0.0.1:1/'), env: {} })
  const orders = await devices.orders(options.orders * 2, prepared)
  const player = async (role: Role, more: Partial<RoleSetting> = {}): Promise<Player> => {
    const setting: RoleSetting = {
      orders: [],
      beside: options.beside,
      trustAnchors: devices.trustAnchors,
      login: LOGIN,
      tls,
      profile: '',
      stateDirectory: folder,
      brokerCa: server.caCertificatePem,
      identities,
      ...more,
    }
    const started = await Player.start(role, write('setting.json', JSON.stringify(setting)))
    ends.push(() => started.end())
    return started
  }
  const addressOf = async (ca: Player): Promise<string> => (await ca.ask<{ url: string }>(NOTHING)).url

  const aloneCa = await player('ca')
  const alone = await player('alone', {
    orders: orders.slice(options.orders),
    profile: profile('alone', await addressOf(aloneCa)),
  })
  const hostsCa = await player('ca')
  const database = options.ledger === 'folder' ? undefined : await startDatabase(options, ends)
  const ledger =
    database === undefined
      ? {}
      : {
          ledger: {
            url: `postgresql://127.0.0.1:${database.port}/${database.name}`,
            user: 'broker',
            password: `file:${write('database-password', PASSWORD)}`,
            tls: 'off',
          },
        }
  const settings = write(
    'settings.yaml',
    stringify({
      listen: '127.0.0.1:0',
      certificate: write('broker.pem', server.certificate),
      key: `file:${write('broker.key', server.key)}`,
      // As in docs/broker.md, and beyond all that is ordered here.
      limits: { perDay: 100_000, perMonth: 100_000 },
      hosts: identities.map(({ pin }, host) => ({
        name: `host${host}`,
        pins: [pin],
        expect: { serials: [serialOf(host)] },
      })),
    }),
  )
  const broker = await startBroker(settings, profile('broker', await addressOf(hostsCa), ledger), options, ends)
  return {
    alone,
    aloneCa,
    hostsCa,
    hosts: await player('hosts', { orders: orders.slice(0, options.orders) }),
    claims: await player('claims'),
    database,
    ...broker,
  }
}

/** In the broker: answers with the bytes that are in use once garbage is collected, which it does at its own time otherwise. */
const MEMORY_PROBE = `data:text/javascript,${encodeURIComponent(`
  process.on('message', () => { gc(); gc(); const { heapUsed, external } = process.memoryUsage(); process.send(heapUsed + external) })
  process.channel.unref()`)}`

const NOTHING: Question = { from: 0, to: 0 }

async function startDatabase({ fsync }: WorldOptions, ends: (() => unknown)[]): Promise<World['database']> {
  // What Debian's own configuration has where the tests have something else.
  const settings = [`fsync=${fsync ? 'on' : 'off'}`, 'shared_buffers=128MB', 'autovacuum=on']
  const server = await PostgresqlServer.start(settings)
  ends.push(() => server.stop())
  return { port: server.port, name: await server.migrated(), pid: server.pid }
}

async function startBroker(
  settings: string,
  profile: string,
  { profileTo }: WorldOptions,
  ends: (() => unknown)[],
): Promise<Pick<World, 'brokerPid' | 'brokerUrl' | 'liveMemory'>> {
  const profiling = profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profileTo)}`]
  const program = resolve(import.meta.dirname, '../cli/main.js')
  const flags = [...profiling, '--expose-gc', '--import', MEMORY_PROBE]
  const child = spawn(process.execPath, [...flags, program, 'broker', settings, '--profile', profile, '--json'], {
    env: { PATH: process.env.PATH, HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const { stdout, stderr } = child
  if (stdout === null || stderr === null) throw new Error('the broker has no output')
  const ended = once(child, 'exit')
  let said = ''
  stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000)
  })
  ends.push(async () => {
    child.kill('SIGINT')
    await ended
  })
  for await (const line of createInterface({ input: stdout })) {
    const { event, url } = JSON.parse(line) as { readonly event: string; readonly url?: string }
    if (event !== 'listening' || url === undefined) continue
    stdout.resume()
    const liveMemory = async (): Promise<number> => {
      const [bytes] = (await Promise.all([once(child, 'message'), child.send('memory')]))[0] as [number]
      return bytes / 2 ** 20
    }
    return { brokerPid: child.pid ?? 0, brokerUrl: url, liveMemory }
  }
  throw new Error(`the broker ended before it listened: ${said}`)
}
