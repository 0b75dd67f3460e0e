import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OBJECT_TYPES } from '../../devices/yubihsm2/object-type.ts'
import { listRuns } from '../../src/enrollment/list-runs.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { runProgram } from './built-program.ts'
import { runInside } from './run-inside.ts'

/**
 * The promise of the journal, kept against the real program: killed at any moment at which anything outside it changes, an
 * enrolment is finished by `runs resume` with one key and one order, or says that a person must look.
 */
const KILL = resolve(import.meta.dirname, 'kill-at-boundary.mjs')

interface ShownRun {
  readonly id: string
  readonly state?: string
}

interface Bench {
  readonly folder: string
  readonly double: RunningYubiHsm2Double
  readonly rehearsal: Rehearsal
}

/** Two benches side by side, so that the wait is halved; of two serial numbers, which lock apart in one process. */
const PERSONALITIES = { a: '2.4', b: '2.4-fips' } as const
const benches: Bench[] = []
let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'crash-'))
  for (const name of ['a', 'b'] as const) {
    const folder = join(root, name)
    const double = await startYubiHsm2Double({ personality: PERSONALITIES[name] })
    const authority = { account: { credit: '1000000.00' } }
    benches.push({
      folder,
      double,
      rehearsal: await startRehearsal({ directory: folder, device: double, algorithm: 'P-256', authority }),
    })
  }
})
afterAll(async () => {
  for (const { rehearsal } of benches) await rehearsal.close()
  await rm(root, { recursive: true })
})

const state = ({ folder }: Bench, boundary: number): readonly string[] => [
  '--state-directory',
  join(folder, `state-${boundary}`),
]

/** Only what is killed has to be a process of its own; what finishes its run costs half as much inside this one. */
const DEVICE_LOCKS = { HSM_ENROLL_TEST_DEVICE_LOCKS: process.env.HSM_ENROLL_TEST_DEVICE_LOCKS ?? '' }
const runOn = ({ rehearsal }: Bench, args: readonly string[]) => runInside(args, { env: rehearsal.environment })

async function enrollKilledAt(bench: Bench, boundary: number): Promise<void> {
  const args = ['enroll', bench.rehearsal.profile, '--yes', '--wait', ...state(bench, boundary)]
  const env = {
    ...bench.rehearsal.environment,
    ...DEVICE_LOCKS,
    HSM_ENROLL_TEST_KILL_AT: String(boundary),
    HSM_ENROLL_TEST_COUNT: join(bench.folder, 'count'),
  }
  const end = await runProgram(args, { env, imports: [KILL] })
  if (boundary === 0) expect(end.code, end.stderr).toBe(0)
  else expect(end.signal, `boundary ${boundary}: ${end.stderr}`).toBe('SIGKILL')
}

/** Read without a program; `runs list` has tests of its own. */
async function runsOf({ folder }: Bench, boundary: number): Promise<readonly ShownRun[]> {
  const runs = await listRuns(join(folder, `state-${boundary}`))
  return runs.map(({ id, record }) => ({ id, ...(record === undefined ? {} : { state: record.state }) }))
}

/** What an operator does with an unknown outcome: looks the order up at the CA, and says. */
async function resume(bench: Bench, run: ShownRun, boundary: number, ordersBefore: number): Promise<string> {
  const directory = state(bench, boundary)
  const first = await runOn(bench, ['runs', 'resume', run.id, '--yes', '--wait', ...directory])
  if (first.code === 0) return 'resumed'
  expect(first.code, first.stderr).toBe(5)
  const placed = bench.rehearsal.ca.orders.slice(ordersBefore)
  expect(placed.length).toBeLessThanOrEqual(1)
  const [order] = placed
  const answer = order === undefined ? ['--not-placed'] : ['--order-number', order.orderNumber]
  const resolved = await runOn(bench, ['runs', 'resolve', run.id, ...answer, ...directory])
  expect(resolved.code, resolved.stderr).toBe(0)
  const last = await runOn(bench, ['runs', 'resume', run.id, '--yes', '--wait', ...directory])
  expect(last.code, last.stderr).toBe(0)
  return 'resolved'
}

const keysOn = ({ double }: Bench): number =>
  double.device.store.list().filter(({ type }) => type === OBJECT_TYPES['asymmetric-key']).length

async function surviveDeathAt(bench: Bench, boundary: number): Promise<string> {
  bench.double.device.reset()
  const { orders } = bench.rehearsal.ca
  const ordersBefore = orders.length
  await enrollKilledAt(bench, boundary)
  const [run, ...others] = await runsOf(bench, boundary)
  expect(others).toEqual([])
  if (run?.state === undefined) {
    // Died before its plan was on disk: nothing was made, nothing was sent.
    expect([bench.rehearsal.ca.orders.length, keysOn(bench)]).toEqual([ordersBefore, 0])
    return 'nothing begun'
  }
  const how = run.state === 'installed' ? 'finished' : await resume(bench, run, boundary, ordersBefore)
  expect(bench.rehearsal.ca.orders.length - ordersBefore, `orders after death at ${boundary}`).toBe(1)
  expect(keysOn(bench), `keys after death at ${boundary}`).toBe(1)
  const [after] = await runsOf(bench, boundary)
  expect(after?.state).toBe('installed')
  return how
}

describe('an enrolment that is killed', () => {
  it('at every moment at which something outside changes is finished with one key and one order', async () => {
    const [first] = benches
    if (first === undefined) throw new Error('no bench')
    await enrollKilledAt(first, 0)
    const boundaries = Number(await readFile(join(first.folder, 'count'), 'utf8'))
    expect(boundaries).toBeGreaterThan(60)
    const ends = new Map<string, number>()
    const work = async (bench: Bench, from: number): Promise<void> => {
      for (let boundary = from; boundary <= boundaries; boundary += benches.length) {
        const how = await surviveDeathAt(bench, boundary)
        ends.set(how, (ends.get(how) ?? 0) + 1)
      }
    }
    await Promise.all(benches.map((bench, index) => work(bench, index + 1)))
    const summary = [...ends].map(([how, count]) => `${how} ${count}`).join(', ')
    process.stderr.write(`killed at ${boundaries} boundaries: ${summary}\n`)
    expect(ends.get('resolved') ?? 0).toBeGreaterThan(0)
    expect(ends.get('resumed') ?? 0).toBeGreaterThan(0)
  }, 1_800_000)
})
