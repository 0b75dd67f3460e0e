/**
 * Hosts, each a process, claim names in one database while hosts, connections and the database are killed, paused and cut off at random.
 * Every question and every answer is written down, for a checker that this project did not write (test/interop/fleet).
 *
 * Usage: node dist/tools/fleet.js SECONDS HOSTS FOLDER   (the second form is its own: host PORT DATABASE ID FOLDER)
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { EnrollError } from '../../src/errors.ts'
import { PostgresqlLedger } from '../../src/ledger/postgresql/postgresql-ledger.ts'
import { PASSWORD, PostgresqlServer } from '../ledger/postgresql-server.ts'

/** One line of the history. Nanoseconds on the clock of the machine, which all its processes share. */
interface Line {
  readonly id: string
  readonly at: string
  readonly event: 'call' | 'answer' | 'not-done' | 'unknown'
  readonly client?: number
  readonly op?: 'claim' | 'release' | 'look'
  readonly name?: string
  readonly intent?: string
  readonly holder?: string
}

const among = (from: number, to: number): number => from + Math.random() * (to - from)
const random = (count: number): number => Math.floor(Math.random() * count)
const now = (): string => String(process.hrtime.bigint())

async function runHost(port: number, database: string, client: number, folder: string): Promise<void> {
  const ledger = new PostgresqlLedger({
    address: { host: '127.0.0.1', port, database },
    user: client % 2 === 0 ? 'host_a' : 'broker',
    password: async () => PASSWORD,
    tls: 'off',
    connections: 1,
  })
  const write = (line: Line): void => appendFileSync(join(folder, 'history.jsonl'), `${JSON.stringify(line)}\n`)
  let ends = false
  process.once('SIGTERM', () => {
    ends = true
  })
  let count = 0
  const ask = async (op: NonNullable<Line['op']>, name: string, intent: string, fence?: string) => {
    const id = `${process.pid}-${++count}`
    write({ id, at: now(), event: 'call', client, op, name, intent })
    try {
      const claim =
        op === 'claim'
          ? await ledger.claim(name, `host-${client}`, intent)
          : op === 'look'
            ? await ledger.claimOf(name)
            : await ledger.release(name, `host-${client}`, fence).then(() => undefined)
      write({ id, at: now(), event: 'answer', holder: claim?.intent ?? '' })
      return claim
    } catch (error) {
      if (!(error instanceof EnrollError)) throw error
      // What the ledger promises of each: not done, or nobody knows.
      write({ id, at: now(), event: error.code === 'ledger.in-doubt' ? 'unknown' : 'not-done' })
      return undefined
    }
  }
  while (!ends) {
    // Names of which each lives for some seconds, so that many ask for few; keys are ordered for once, and kept.
    const era = Math.floor(Number(process.hrtime.bigint() / 1_000_000_000n) / 3)
    const isKey = Math.random() < 0.3
    const name = `${isKey ? 'key' : 'lease'}-${era}-${random(3)}`
    const intent = `${process.pid}-${client}-${count}`
    const claim = await ask('claim', name, intent)
    if (claim?.intent !== intent) await ask('look', name, '')
    else if (isKey) appendFileSync(join(folder, 'orders'), `${name}\n`)
    else await ask('release', name, intent, claim.fence)
    await delay(among(5, 60))
  }
  await ledger.close()
}

/** What a host's packets go through: while it is cut, they go nowhere, and nobody is told. */
class Wire {
  port = 0
  #cut = false
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((client) => {
    const server = connect(this.target, '127.0.0.1')
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from)
      if (this.#cut) from.pause()
      from.on('data', (data) => to.write(data))
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
    }
  })
  readonly target: number
  constructor(target: number) {
    this.target = target
  }
  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address = this.#server.address()
    if (address !== null && typeof address !== 'string') this.port = address.port
  }
  set cut(cut: boolean) {
    this.#cut = cut
    for (const socket of this.#sockets) cut ? socket.pause() : socket.resume()
  }
  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

async function runFleet(seconds: number, hosts: number, folder: string): Promise<void> {
  const server = await PostgresqlServer.start()
  const done: Record<string, number> = {}
  const wires: Wire[] = []
  const running: ChildProcess[] = []
  try {
    const database = await server.migrated()
    const begin = (index: number): void => {
      const args = [process.argv[1] ?? '', 'host', String(wires[index]?.port), database, String(index), folder]
      running[index] = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    }
    for (let index = 0; index < hosts; index++) {
      const wire = new Wire(server.port)
      await wire.open()
      wires.push(wire)
      begin(index)
    }
    const end = performance.now() + seconds * 1000
    const longest = Math.min(45_000, (seconds * 1000) / 3)
    /** Under way beside each other; all are over at the end. */
    const troubles: Promise<void>[] = []
    const trouble = async (): Promise<void> => {
      const index = random(hosts)
      const kind = (['pause', 'kill', 'cut'] as const)[random(3)]
      done[kind ?? ''] = (done[kind ?? ''] ?? 0) + 1
      switch (kind) {
        case 'pause': {
          const child = running[index]
          child?.kill('SIGSTOP')
          await delay(among(500, longest))
          child?.kill('SIGCONT')
          return
        }
        case 'kill':
          running[index]?.kill('SIGKILL')
          begin(index)
          return
        case 'cut': {
          const wire = wires[index]
          if (wire === undefined) return
          wire.cut = true
          await delay(among(500, longest))
          wire.cut = false
        }
      }
    }
    while (performance.now() < end) {
      await delay(among(200, 1500))
      if (Math.random() < 0.2) {
        done.database = (done.database ?? 0) + 1
        await server.kill('SIGKILL')
        await delay(among(100, 2000))
        await server.resume()
      } else troubles.push(trouble())
    }
    await Promise.all(troubles)
    const ended = running.map((child) =>
      child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined,
    )
    for (const child of running) child.kill('SIGTERM')
    await Promise.all(ended)
  } finally {
    for (const child of running) child.kill('SIGKILL')
    for (const wire of wires) wire.close()
    await server.stop()
  }
  const orders = existsSync(join(folder, 'orders'))
    ? readFileSync(join(folder, 'orders'), 'utf8').trim().split('\n')
    : []
  const twice = orders.filter((key, index) => orders.indexOf(key) !== index)
  console.log(`hosts ${hosts}, seconds ${seconds}, troubles ${JSON.stringify(done)}`)
  console.log(`keys ordered for: ${new Set(orders).size}; orders: ${orders.length}; ordered twice: ${twice.length}`)
  if (twice.length > 0 || orders.length === 0) process.exitCode = 1
}

const [first = '', second = '', third = '', fourth = '', fifth = ''] = process.argv.slice(2)
if (first === 'host') await runHost(Number(second), third, Number(fourth), fifth)
else await runFleet(Number(first), Number(second), third)
