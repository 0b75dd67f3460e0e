import type { ChildProcess } from 'node:child_process'
import { setMaxListeners } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../random.ts'
import { ADDRESSES, type Fleet, type Host } from './fleet.ts'

/**
 * Milliseconds: longer than anything waits for anything. What waits longest is a broker for the account's turn to ask the CA (300 s,
 * database-poll-schedule.ts), a host for the answer of its broker (240 s), a broker for the CA (120 s by the profile), and for the word of
 * the database whether a COMMIT took place (60 s). A claim has no end that could pass meanwhile.
 */
const LONG_PAUSE = 310_000
/** The same of the CA, which the broker alone waits for. */
const LONG_ANSWER = 150_000
/** From so many hosts on, troubles of hosts come as often as they can. */
const MANY = 12
/** Milliseconds after which what was busy is looked at again. */
const AGAIN = 500
const ORDER = '!AutoApplyOrder'

/** What is running on a host now. */
export type Running = Map<Host, ChildProcess>

/**
 * Does one thing after another to a fleet, at random: kills, stops and cuts off hosts, brokers and the database, and has the CA lose or
 * hold back answers. What it has begun is over before `end` resolves.
 */
export class Troubles {
  readonly done: Record<string, number> = {}
  readonly #fleet: Fleet
  readonly #running: Running
  readonly #random: Random
  readonly #underWay = new Set<Promise<void>>()
  /** The database and each broker suffer one thing at a time. */
  readonly #busy = new Set<unknown>()
  readonly #over = new AbortController()
  #fault: unknown

  constructor(fleet: Fleet, running: Running, random: Random) {
    this.#fleet = fleet
    this.#running = running
    this.#random = random
    // All that goes on at once waits for its own end, or for this.
    setMaxListeners(0, this.#over.signal)
  }

  /** In runs that have the time for it, some pauses are longer than every time-out. Throws what kept it from doing or undoing anything. */
  async run(seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000
    // A host has to come further than its start now and then, and all of them than a broker's.
    const scale = Math.max(1, MANY / this.#fleet.hosts.length)
    await Promise.all([
      this.#loop(end, [200 * scale, 1500 * scale], () => this.#random.pick(OF_HOSTS)),
      this.#loop(end, [2000, 9000], () => this.#random.pick(OF_OTHERS)),
      this.#loop(end, [500, 3000], () => this.#random.pick(OF_CA)),
      ...LONG.map((kind) => this.#once(end, kind)),
    ])
    this.#over.abort()
    await Promise.all(this.#underWay)
    // Of many hosts and few orders, much was still to come.
    this.#fleet.rehearsal.ca.heal()
    if (this.#fault !== undefined) throw this.#fault
  }

  async #loop(end: number, [from, to]: readonly [number, number], pick: () => Kind): Promise<void> {
    for (;;) {
      await this.#wait(this.#among(from, to))
      if (performance.now() > end || this.#over.signal.aborted) return
      this.#begin(this.#one(pick()))
    }
  }

  /** One pause that is longer than every time-out, if there is time for it: as soon as nothing else happens to what it is for. */
  async #once(end: number, kind: Long): Promise<void> {
    const room = end - performance.now() - LONG_PAUSE
    if (room <= 0) return
    await this.#wait(this.#random.below(room))
    while (this.done[kind] === undefined && performance.now() + LONG_PAUSE < end && !this.#over.signal.aborted) {
      this.#begin(this.#one(kind))
      await this.#wait(AGAIN)
    }
  }

  #begin(work: Promise<void>): void {
    const done = work.catch((error: unknown) => {
      this.#fault ??= error
      this.#over.abort()
    })
    this.#underWay.add(done)
    void done.finally(() => this.#underWay.delete(done))
  }

  /** Most are short; one in six is longer than what waits for the database, and for a connection. */
  #outage(): number {
    return this.#random.below(6) === 0 ? this.#among(12_000, 35_000) : this.#among(300, 6000)
  }

  #among(from: number, to: number): number {
    return from + this.#random.below(to - from)
  }

  /** Ends early with the campaign. */
  #wait(milliseconds: number): Promise<void> {
    return delay(milliseconds, undefined, { signal: this.#over.signal }).catch(() => undefined)
  }

  async #alone(what: unknown, name: string, work: () => Promise<void>): Promise<void> {
    if (this.#busy.has(what)) return
    this.#busy.add(what)
    this.done[name] = (this.done[name] ?? 0) + 1
    try {
      await work()
    } finally {
      this.#busy.delete(what)
    }
  }

  #one(kind: Kind | Long): Promise<void> {
    const { hosts, brokers, server, lan, rehearsal } = this.#fleet
    const random = this.#random
    const broker = random.pick(brokers)
    const host = random.pick(hosts)
    switch (kind) {
      case 'host killed':
        return this.#ofHost(host, kind, async (child) => void child.kill('SIGKILL'))
      case 'host stopped':
        return this.#ofHost(host, kind, (child) => this.#pause([child.pid ?? 0], this.#outage()))
      case 'host stopped for longer than every time-out':
        return this.#ofHost(host, kind, (child) => this.#pause([child.pid ?? 0], LONG_PAUSE))
      case 'host cut off':
        return this.#alone(`wire ${host.node}`, kind, () => this.#cut(host.address, 'all'))
      case 'host led to the other broker':
        return this.#alone(`wire ${host.node}`, kind, async () => {
          await lan.lead(host.address, 1 - host.broker, host.broker)
          host.broker = 1 - host.broker
        })
      case 'broker killed':
        return this.#alone(broker, kind, async () => {
          await broker.kill()
          await this.#wait(this.#among(0, 3000))
          await broker.start()
        })
      case 'broker stopped':
        return this.#alone(broker, kind, () => this.#pause([broker.child?.pid ?? 0], this.#outage()))
      case 'broker stopped for longer than every time-out':
        return this.#alone(broker, kind, () => this.#pause([broker.child?.pid ?? 0], LONG_PAUSE))
      case 'broker cut off from the database':
        return this.#alone(`wire ${broker.node}`, kind, () => this.#cut(broker.address, ADDRESSES.database))
      case 'broker cut off from the CA':
        return this.#alone(`wire ${broker.node}`, kind, () => this.#cut(broker.address, ADDRESSES.ca))
      case 'database killed':
        return this.#alone(server, kind, async () => {
          await server.kill('SIGKILL')
          await this.#wait(this.#among(100, 2000))
          await server.resume()
        })
      case 'database stopped':
        return this.#alone(server, kind, () => this.#pause(withChildren(server.pid), this.#outage()))
      case 'database stopped for longer than every time-out':
        return this.#alone(server, kind, () => this.#pause(withChildren(server.pid), LONG_PAUSE))
      case 'database cut off':
        return this.#alone('wire database', kind, () => this.#cut(ADDRESSES.database, 'all'))
      case 'answer of the CA lost':
        return this.#alone(Symbol(kind), kind, async () => rehearsal.ca.fail({ endpoint: ORDER, kind: 'lost-reply' }))
      case 'request to the CA lost':
        return this.#alone(Symbol(kind), kind, async () =>
          rehearsal.ca.fail({ endpoint: ORDER, kind: 'drop-before-accept' }),
        )
      case 'answer of the CA later than every time-out':
        return this.#alone(Symbol(kind), kind, async () =>
          rehearsal.ca.fail({ endpoint: ORDER, kind: 'slow', delay: LONG_ANSWER }),
        )
      case 'CA slow':
        return this.#alone(Symbol(kind), kind, async () =>
          rehearsal.ca.fail({ endpoint: ORDER, kind: 'slow', delay: this.#among(300, 4000), times: 5 }),
        )
    }
  }

  /** Where a command runs on it now. */
  async #ofHost(host: Host, name: string, work: (child: ChildProcess) => Promise<void>): Promise<void> {
    const child = this.#running.get(host)
    if (child !== undefined) await this.#alone(child, name, () => work(child))
  }

  async #pause(processes: readonly number[], milliseconds: number): Promise<void> {
    for (const id of processes) signal(id, 'SIGSTOP')
    await this.#wait(milliseconds)
    for (const id of processes) signal(id, 'SIGCONT')
  }

  /** In both directions, or in one of them. */
  async #cut(one: string, other: string): Promise<void> {
    const ways = this.#random.pick([
      [[one, other]],
      [[other, one]],
      [
        [one, other],
        [other, one],
      ],
    ] as const)
    const mend: (() => Promise<void>)[] = []
    for (const [from, to] of ways) mend.push(await this.#fleet.lan.cut(from, to))
    await this.#wait(this.#outage())
    for (const end of mend) await end()
  }
}

const OF_HOSTS = ['host killed', 'host killed', 'host stopped', 'host cut off', 'host led to the other broker'] as const
const OF_OTHERS = [
  ...(['broker killed', 'broker killed', 'broker stopped', 'database killed', 'database stopped'] as const),
  ...(['broker cut off from the database', 'broker cut off from the CA', 'database cut off'] as const),
] as const
const OF_CA = ['answer of the CA lost', 'request to the CA lost', 'CA slow', 'CA slow', 'CA slow'] as const
const LONG = [
  'host stopped for longer than every time-out',
  'broker stopped for longer than every time-out',
  'database stopped for longer than every time-out',
  'answer of the CA later than every time-out',
] as const
type Long = (typeof LONG)[number]
type Kind = (typeof OF_HOSTS)[number] | (typeof OF_OTHERS)[number] | (typeof OF_CA)[number]

/** What is gone is not stopped any more. */
function signal(id: number, name: NodeJS.Signals): void {
  try {
    if (id > 0) process.kill(id, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function withChildren(id: number): readonly number[] {
  try {
    return [id, ...readFileSync(`/proc/${id}/task/${id}/children`, 'utf8').trim().split(' ').map(Number)]
  } catch {
    return [id]
  }
}
