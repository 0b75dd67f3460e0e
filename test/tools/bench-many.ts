/**
 * `npm run bench:many -- [--packages N] [--rounds N]`: `check-many` over so many packages (10^6 by default), the pairs of `bench:peers`
 * again and again, listed on stdin. Prints by how much its memory grows from the first tenth to the end, and how many times as fast two
 * workers are as one, by the clock: other load on the machine counts against the two. Exit 1 if a target is missed. Linux (/proc).
 */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import { writePairs } from './peer-pairs.ts'

const { values } = parseArgs({
  options: { packages: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '2' } },
})
const packages = Number(values.packages)
const MOST_GROWN_MB = 50
const LEAST_RATIO = 1.8

const folder = resolve('.cache/bench-peers/yubikey-5.7.2-20')
writePairs(folder, 20)
const files = readdirSync(join(folder, 'pairs')).map((file) => join(folder, 'pairs', file))
const program = join(import.meta.dirname, '../cli/main.js')

interface Judged {
  readonly seconds: number
  /** MB, from the first tenth to the largest after it. */
  readonly grown: number
}

function* list(count: number): Generator<string> {
  for (let index = 0; index < count; index++) yield `${files[index % files.length]}\n`
}

async function judge(count: number, workers: number): Promise<Judged> {
  const anchors = ['--trust-anchors', join(folder, 'root.pem')]
  const args = ['check-many', '-', '--json', '--fips', 'warn', '--workers', `${workers}`, ...anchors]
  const start = performance.now()
  const child = spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  Readable.from(list(count)).pipe(child.stdin)
  let lines = 0
  let genuine = 0
  let first: number | undefined
  let most = 0
  let rest = ''
  for await (const chunk of child.stdout.setEncoding('latin1')) {
    const whole = (rest + chunk).split('\n')
    rest = whole.pop() ?? ''
    lines += whole.length
    genuine += whole.filter((line) => line.includes('"genuine":true')).length
    if (lines < count / 10 || child.pid === undefined) continue
    const size = residentMb(child.pid)
    first ??= size
    most = Math.max(most, size)
  }
  if (genuine !== count) throw new Error(`${genuine} of ${count} packages were genuine`)
  return { seconds: (performance.now() - start) / 1000, grown: most - (first ?? most) }
}

/** Of a process that may have ended. */
function residentMb(pid: number): number {
  try {
    return Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

let missed = 0
function report(what: string, value: number, target: string, holds: boolean): void {
  if (!holds) missed++
  process.stdout.write(`${holds ? '  ' : '! '}${what.padEnd(60)}${value.toFixed(2).padStart(10)}  ${target}\n`)
}

const [busy = 0] = loadavg()
process.stdout.write(`load of the machine before it begins: ${busy.toFixed(1)}\n`)
const some = Math.min(packages, 20_000)
const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
for (let round = 0; round < Number(values.rounds); round++) {
  for (const workers of [1, 2]) {
    best[workers - 1] = Math.min(best[workers - 1] ?? 0, (await judge(some, workers)).seconds)
  }
}
const [one = 0, two = 1] = best
report(`${some} packages, two workers over one`, one / two, `at least ${LEAST_RATIO}`, one / two >= LEAST_RATIO)
const { seconds, grown } = await judge(packages, 2)
report(
  `${packages} packages, memory grown from the first tenth on, MB`,
  grown,
  `at most ${MOST_GROWN_MB}`,
  grown <= MOST_GROWN_MB,
)
process.stdout.write(`  ${(packages / seconds).toFixed(0)} packages a second\n`)
process.exitCode = missed === 0 ? 0 : 1
