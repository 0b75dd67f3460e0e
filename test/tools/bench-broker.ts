/**
 * `npm run bench:broker`: orders through one broker, as a ratio to the calls to the CA alone (balance and order), which a process makes
 * that does nothing else, by the same client and as many at a time. The rehearsal CA, which answers at once, the built broker, its
 * PostgreSQL, the hosts, and the caller without a broker are processes of their own, over TLS and loopback. Both sides are warm when the
 * clock starts: a broker runs for months, and its first few thousand orders are slower, since the compiler is still at work. They take
 * turns, a thousand orders each: a ratio is the median of those of the turns.
 *
 * A claim is one call of `Ledger.claim`, over a connection of its own, by the clock of who calls; the unit is the median of bare round
 * trips to the same database (`SELECT 1`, same client, same kind of connection), one after each claim. Both are timed one at a time with
 * nothing else under way, which the target is held against: what a claim costs. The same beside as many orders as before shows what the
 * machine adds to whatever waits for its turn, a bare round trip as well.
 *
 * Linux only. `--orders N` (3000) each way, after `--warm-up N` (9000), `--beside N` (50) under way at a time, `--hosts N` (50),
 * `--ledger postgresql|folder`, `--no-fsync`: the database does not wait for its disk, `--profile-to DIR`: a processor profile of the
 * broker, `--json`. Exits 1 where a target is missed.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { playRole, type Role } from './broker-roles.ts'
import { type Player, startWorld, type World } from './broker-world.ts'
import { processorTime, residentMemory } from './process-cost.ts'

const { values } = parseArgs({
  options: {
    role: { type: 'string' },
    orders: { type: 'string', default: '3000' },
    'warm-up': { type: 'string', default: '9000' },
    beside: { type: 'string', default: '50' },
    hosts: { type: 'string', default: '50' },
    ledger: { type: 'string', default: 'postgresql' },
    'no-fsync': { type: 'boolean', default: false },
    'profile-to': { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

/** Orders in each turn, and beside which claims are timed: they take longer. */
const TURN = 1000
const BESIDE_CLAIMS = 800
const CLAIMS = 500

const TARGETS = { ratio: 1.5, roundTrips: 20, kilobytesPerOrder: 1 } as const

/** Milliseconds. */
interface Cost {
  wall: number
  readonly processor: Record<string, number>
}

interface Result {
  readonly orders: number
  readonly beside: number
  readonly cores: number
  readonly alone: Cost
  readonly brokered: Cost
  /** Through the broker to alone: the median of the turns. */
  readonly ratio: { readonly wall: number; readonly processor: number }
  /** MiB of the broker after so many orders beyond the warm-up: in use once garbage is collected, and what the process holds of the machine. */
  readonly memory: readonly (readonly [orders: number, live: number, resident: number])[]
  readonly claims?: { readonly oneAtATime: ClaimTimes; readonly besideOrders: ClaimTimes }
}

/** Milliseconds. */
interface ClaimTimes {
  readonly p99: number
  readonly median: number
  readonly roundTrip: { readonly median: number; readonly p99: number }
}

async function bench(): Promise<void> {
  const count = Number(values.orders)
  const warmUp = Number(values['warm-up'])
  const world = await startWorld({
    orders: warmUp + count + BESIDE_CLAIMS,
    beside: Number(values.beside),
    hosts: Number(values.hosts),
    ledger: values.ledger === 'folder' ? 'folder' : 'postgresql',
    fsync: !values['no-fsync'],
    ...(values['profile-to'] === undefined ? {} : { profileTo: values['profile-to'] }),
  })
  try {
    const result = await measure(world, warmUp, count)
    process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : wordsOf(result))
    process.exitCode = judge(result).length === 0 ? 0 : 1
  } finally {
    await world.close()
  }
}

async function measure(world: World, warmUp: number, count: number): Promise<Result> {
  const { alone, aloneCa, hosts, hostsCa, brokerPid, brokerUrl: url, database } = world
  const aloneSide = { callers: alone.pid, CA: aloneCa.pid }
  const brokeredSide = {
    hosts: hosts.pid,
    broker: brokerPid,
    ...(database === undefined ? {} : { database: database.pid }),
    CA: hostsCa.pid,
  }
  const costs = { alone: noCost(aloneSide), brokered: noCost(brokeredSide) }
  const ratios: { readonly wall: number; readonly processor: number }[] = []
  await alone.ask({ from: 0, to: warmUp })
  await hosts.ask({ from: 0, to: warmUp, url })
  const memory: (readonly [number, number, number])[] = []
  // Seldom: garbage that is collected here costs the broker nothing in a turn.
  const weigh = async (placed: number): Promise<void> => {
    const resident = residentMemory(brokerPid)
    memory.push([placed, await world.liveMemory(), resident])
  }
  await weigh(0)
  for (let done = 0; done < count; done += TURN) {
    const turn = { from: warmUp + done, to: warmUp + Math.min(done + TURN, count) }
    const without = await take(aloneSide, alone, turn)
    const through = await take(brokeredSide, hosts, { ...turn, url })
    add(costs.alone, without)
    add(costs.brokered, through)
    ratios.push({
      wall: through.wall / without.wall,
      processor: sum(through.processor) / sum(without.processor),
    })
  }
  await weigh(count)
  const { orders } = await hostsCa.ask<{ readonly orders: number }>({ from: 0, to: 0 })
  if (orders !== count + warmUp) throw new Error(`the CA has ${orders} orders in place of ${count + warmUp}`)
  const claims = database === undefined ? {} : { claims: await timeClaims(world, database, warmUp + count) }
  return {
    orders: count,
    beside: Number(values.beside),
    cores: availableParallelism(),
    ...costs,
    ratio: {
      wall: median(ratios.map(({ wall }) => wall)),
      processor: median(ratios.map(({ processor }) => processor)),
    },
    memory,
    ...claims,
  }
}

type Side = Readonly<Record<string, number>>

const timesOf = (side: Side): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(side).map(([name, pid]) => [name, processorTime(pid)]))
const noCost = (side: Side): Cost => ({
  wall: 0,
  processor: Object.fromEntries(Object.keys(side).map((name) => [name, 0])),
})

/** One turn of a side. */
async function take(side: Side, player: Player, question: Parameters<Player['ask']>[0]): Promise<Cost> {
  const before = timesOf(side)
  const { milliseconds } = await player.ask<{ readonly milliseconds: number }>(question)
  const after = timesOf(side)
  return {
    wall: milliseconds,
    processor: Object.fromEntries(Object.keys(side).map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)])),
  }
}

function add(total: Cost, { wall, processor }: Cost): void {
  total.wall += wall
  for (const [name, time] of Object.entries(processor)) total.processor[name] = (total.processor[name] ?? 0) + time
}

/** What a claim takes, and what a round trip does, in turns. */
async function timeClaims(world: World, database: NonNullable<World['database']>, from: number) {
  const time = async (first: number): Promise<ClaimTimes> => {
    const { claims, roundTrips } = await world.claims.ask<{
      readonly claims: readonly number[]
      readonly roundTrips: readonly number[]
    }>({ from: first, to: first + CLAIMS, database })
    return {
      p99: quantile(claims, 0.99),
      median: median(claims),
      roundTrip: { median: median(roundTrips), p99: quantile(roundTrips, 0.99) },
    }
  }
  const oneAtATime = await time(0)
  const load = world.hosts.ask({ from, to: from + BESIDE_CLAIMS, url: world.brokerUrl })
  const besideOrders = await time(CLAIMS)
  await load
  return { oneAtATime, besideOrders }
}

const quantile = (numbers: readonly number[], part: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))] ?? Number.NaN

const median = (numbers: readonly number[]): number => quantile(numbers, 0.5)

const sum = (numbers: Readonly<Record<string, number>>): number =>
  Object.values(numbers).reduce((total, number) => total + number, 0)

/** KiB more in use with each order after the warm-up, which fills what is kept once. */
function growthOf({ memory }: Result): number {
  const [first, last] = [memory.at(0), memory.at(-1)]
  if (first === undefined || last === undefined) return 0
  return ((last[1] - first[1]) * 1024) / (last[0] - first[0])
}

/** What misses its target. */
function judge(result: Result): readonly string[] {
  const { ratio, claims } = result
  const figures: readonly (readonly [name: string, value: number, most: number])[] = [
    ['ratio of wall time', ratio.wall, TARGETS.ratio],
    ...(claims === undefined
      ? []
      : [
          [
            'p99 of a claim one at a time in round trips',
            inRoundTrips(claims.oneAtATime).p99,
            TARGETS.roundTrips,
          ] as const,
        ]),
    ['KiB of memory with each order', growthOf(result), TARGETS.kilobytesPerOrder],
  ]
  return figures
    .filter(([, value, most]) => !(value <= most))
    .map(([name, value, most]) => `${name} ${value.toFixed(2)}, at most ${most}`)
}

const inRoundTrips = ({ p99, median: middle, roundTrip }: ClaimTimes) => ({
  p99: p99 / roundTrip.median,
  median: middle / roundTrip.median,
  ofBare: roundTrip.p99 / roundTrip.median,
})

function claimToText(when: string, times: ClaimTimes): string {
  const { p99, median: middle, ofBare } = inRoundTrips(times)
  return `a claim ${when}: p99 ${p99.toFixed(1)}, median ${middle.toFixed(1)} round trips (of ${times.roundTrip.median.toFixed(2)} ms; p99 of a bare one ${ofBare.toFixed(1)})`
}

function wordsOf(result: Result): string {
  const { orders, beside, cores, alone, brokered, ratio, memory, claims } = result
  const each = (name: string, { wall, processor }: Cost): string =>
    `${name}: ${(wall / orders).toFixed(2)} ms of wall time, ${(sum(processor) / orders).toFixed(2)} ms of processor time each (${Object.entries(
      processor,
    )
      .map(([part, time]) => `${part} ${(time / orders).toFixed(2)}`)
      .join(', ')})`
  return `${[
    `${orders} orders each way, ${beside} at a time, ${cores} cores; ledger: ${values.ledger}${values['no-fsync'] ? ', which does not wait for its disk' : ''}`,
    each('the CA alone', alone),
    each('through the broker', brokered),
    `median of the turns: ratio of wall time ${ratio.wall.toFixed(2)}, of processor time ${ratio.processor.toFixed(2)}`,
    ...(claims === undefined
      ? []
      : [claimToText('one at a time', claims.oneAtATime), claimToText('beside orders', claims.besideOrders)]),
    `memory of the broker, in use (held): ${memory.map(([count, live, resident]) => `${live.toFixed(1)} (${resident.toFixed(0)}) MiB after ${count}`).join(', ')}; ${growthOf(result).toFixed(2)} KiB more in use with each order`,
    ...judge(result).map((missed) => `! ${missed}`),
  ].join('\n')}\n`
}

if (values.role === undefined) await bench()
else await playRole(values.role as Role, process.argv.at(-1) ?? '')
