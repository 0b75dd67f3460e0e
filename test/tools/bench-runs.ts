/**
 * `npm run bench:runs`: what a state folder with many runs costs, as ratios of the same command in a folder with few. The runs are copies
 * of one rehearsed enrolment, each with its own profile, key and order. `--runs N` (10,000), `--few N` (100), `--rounds N` (5), `--json`.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { fillStateFolder } from './many-runs.ts'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    few: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
})
const program = resolve(import.meta.dirname, '../cli/main.js')
const folder = mkdtempSync(join(tmpdir(), 'bench-runs-'))

interface Cost {
  readonly milliseconds: number
  readonly megabytes: number
}

/** Runs the program in a process of its own, which says at its end how much memory it took at most. */
function cost(args: readonly string[]): Promise<Cost> {
  const report = join(folder, 'peak')
  const hook = `import{writeFileSync}from"node:fs";process.on("exit",()=>writeFileSync(${JSON.stringify(report)},String(process.resourceUsage().maxRSS)))`
  const begun = process.hrtime.bigint()
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, program, ...args],
    {
      env: {
        PATH: process.env.PATH,
        HOME: '/nonexistent',
        XDG_CONFIG_HOME: '/nonexistent',
        HSM_ENROLL_TEST_DEVICE_LOCKS: folder,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  child.stdout.resume()
  return new Promise((done, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      const milliseconds = Number(process.hrtime.bigint() - begun) / 1e6
      if (code !== 0) reject(new Error(`hsm-enroll ${args.join(' ')} ended with ${code}: ${stderr}`))
      else done({ milliseconds, megabytes: Number(readFileSync(report, 'utf8')) / 1024 })
    })
  })
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** The journal of one whole enrolment. */
async function rehearsedJournal({ profile }: Rehearsal): Promise<string> {
  const state = join(folder, 'rehearsed')
  await cost(['enroll', profile, '--yes', '--wait', '--state-directory', state])
  const [run = ''] = readdirSync(join(state, 'runs'))
  return readFileSync(join(state, 'runs', run, 'journal.jsonl'), 'utf8')
}

function stateFolder(journal: string, count: number): string {
  const state = join(folder, `runs-${count}`)
  fillStateFolder(state, journal, count)
  // As after the first `enroll` in a folder, which puts what the journals say into the ledger, once.
  mkdirSync(join(state, 'ledger'), { recursive: true })
  writeFileSync(join(state, 'ledger', 'complete'), `${new Date().toISOString()}\n`)
  return state
}

interface Comparison {
  readonly command: string
  readonly few: Cost
  readonly many: Cost
  readonly timeRatio: number
  readonly memoryRatio: number
}

/** Both sides alternate; the first round, which fills the page cache and whatever the program keeps, does not count. */
async function compare(
  command: string,
  args: (state: string) => readonly string[],
  [fewRuns, manyRuns]: readonly [string, string],
  before: () => void,
): Promise<Comparison> {
  const costs: { readonly few: Cost; readonly many: Cost }[] = []
  for (let round = 0; round <= Number(values.rounds); round++) {
    before()
    const few = await cost(args(fewRuns))
    before()
    const many = await cost(args(manyRuns))
    if (round > 0) costs.push({ few, many })
  }
  const middle = (side: 'few' | 'many'): Cost => ({
    milliseconds: median(costs.map((pair) => pair[side].milliseconds)),
    megabytes: median(costs.map((pair) => pair[side].megabytes)),
  })
  return {
    command,
    few: middle('few'),
    many: middle('many'),
    timeRatio: median(costs.map(({ few, many }) => many.milliseconds / few.milliseconds)),
    memoryRatio: median(costs.map(({ few, many }) => many.megabytes / few.megabytes)),
  }
}

async function comparisons(double: RunningYubiHsm2Double, rehearsal: Rehearsal): Promise<readonly Comparison[]> {
  const journal = await rehearsedJournal(rehearsal)
  const folders = [stateFolder(journal, Number(values.few)), stateFolder(journal, Number(values.runs))] as const
  const emptyDevice = (): void => double.device.reset()
  const inFolder =
    (...command: readonly string[]) =>
    (state: string) => [...command, '--state-directory', state]
  const { profile } = rehearsal
  let count = 0
  // A profile is enrolled once, whatever its file is called: each is for somebody else.
  const another = (): string => {
    const copy = join(folder, `profile-${count++}.yaml`)
    const text = readFileSync(profile, 'utf8')
    const own = text.replace('CN=Example Signing GmbH', `CN=Example Signing ${count}`)
    if (own === text) throw new Error('the profile has no such subject')
    writeFileSync(copy, own)
    return copy
  }
  return [
    await compare('enroll', (state) => inFolder('enroll', another(), '--yes', '--wait')(state), folders, emptyDevice),
    await compare('plan', inFolder('plan', profile), folders, emptyDevice),
    await compare('runs list', inFolder('runs', 'list'), folders, emptyDevice),
    await compare('runs list --json', inFolder('runs', 'list', '--json'), folders, emptyDevice),
  ]
}

const double = await startYubiHsm2Double()
const authority = { account: { credit: '9000000.00' } }
const rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256', authority })
try {
  const all = await comparisons(double, rehearsal)
  if (values.json) process.stdout.write(`${JSON.stringify(all, null, 2)}\n`)
  else
    for (const { command, few, many, timeRatio, memoryRatio } of all)
      process.stdout.write(
        `${timeRatio.toFixed(2).padStart(7)} x the time, ${memoryRatio.toFixed(2)} x the memory: ${command} with ${values.runs} runs` +
          ` (${Math.round(many.milliseconds)} ms, ${Math.round(many.megabytes)} MB), over ${values.few}` +
          ` (${Math.round(few.milliseconds)} ms, ${Math.round(few.megabytes)} MB)\n`,
      )
} finally {
  await rehearsal.close()
  rmSync(folder, { recursive: true })
}
