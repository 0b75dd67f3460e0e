/**
 * `npm run kill-test`: kills the built program at random, and counts keys and orders. Two operators work on one profile in one state folder,
 * each in a PID namespace of its own per command, as two containers do: `enroll`, then `renew`; `runs resume`, and `runs resolve` with what the
 * CA knows.
 * Whatever ends their commands, the profile ends with two certificates installed, and one key and one order for each run.
 * `--kills N` (1000) in all, `--family NAME` (all six; may be given again), `--seed N`, `--minutes N` (no limit), `--json`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { COUNTED_DEVICES } from './counted-devices.ts'
import { type Fault, KillTrial, type Tally } from './kill-trial.ts'
import { noNamespace } from './killed-program.ts'
import { Random } from './random.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    family: { type: 'string', multiple: true, default: Object.keys(COUNTED_DEVICES) },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    minutes: { type: 'string', default: '100000' },
    json: { type: 'boolean', default: false },
  },
})

interface Outcome {
  readonly family: string
  readonly profiles: number
  readonly keys: number
  readonly orders: number
  readonly tally: Tally
  readonly faults: readonly Fault[]
}

const deadline = Date.now() + Number(values.minutes) * 60_000

/** Trials on one family's double until so many commands were killed. */
async function killOn(family: string, kills: number, random: Random): Promise<Outcome> {
  const start = COUNTED_DEVICES[family]
  if (start === undefined) throw new Error(`no such family: ${family}`)
  const folder = mkdtempSync(join(tmpdir(), 'kill-'))
  const device = await start(folder)
  const authority = { account: { credit: '900000000.00' } }
  const rehearsal = await startRehearsal({ directory: folder, device: device.double, algorithm: 'P-256', authority })
  const tally: Tally = { kills: {}, ends: {} }
  const faults: Fault[] = []
  const counts = { profiles: 0, keys: 0, orders: 0 }
  try {
    while (sum(tally.kills) < kills && Date.now() < deadline) {
      const trial = new KillTrial({ family, folder, device, rehearsal, random, tally, number: counts.profiles })
      const { keys, orders, fault } = await trial.run()
      counts.profiles++
      counts.keys += keys
      counts.orders += orders
      if (fault !== undefined) faults.push(fault)
      process.stderr.write(
        `${family}: ${sum(tally.kills)} kills, ${counts.profiles} profiles, ${counts.keys} keys, ${counts.orders} orders${fault === undefined ? '' : `; FAULT ${JSON.stringify(fault)}`}\n`,
      )
    }
    return { family, ...counts, tally, faults }
  } finally {
    await rehearsal.close()
    // What went wrong can be looked at.
    if (faults.length === 0) rmSync(folder, { recursive: true, force: true })
  }
}

const sum = (numbers: Readonly<Record<string, number>>): number => Object.values(numbers).reduce((a, b) => a + b, 0)

const missing = noNamespace()
if (missing !== undefined) throw new Error(`needs ${missing}`)
const families = values.family
const outcomes: Outcome[] = []
for (const [index, family] of families.entries()) {
  const random = new Random(Number(values.seed) + index)
  outcomes.push(await killOn(family, Math.ceil(Number(values.kills) / families.length), random))
}
if (values.json) process.stdout.write(`${JSON.stringify({ seed: values.seed, outcomes }, null, 2)}\n`)
else {
  for (const { family, profiles, keys, orders, tally, faults } of outcomes) {
    const kills = Object.entries(tally.kills).map(([what, count]) => `${what} ${count}`)
    const ends = Object.entries(tally.ends).map(([what, count]) => `${what} ${count}`)
    process.stdout.write(
      `${family}: ${sum(tally.kills)} kills, ${profiles} profiles, ${keys} keys, ${orders} orders, ${faults.length} faults\n` +
        `  killed: ${kills.sort().join(', ')}\n  ended otherwise: ${ends.sort().join(', ')}\n`,
    )
  }
  process.stdout.write(`seed ${values.seed}\n`)
}
process.exitCode = outcomes.some(({ faults }) => faults.length > 0) ? 1 : 0
process.exit()
