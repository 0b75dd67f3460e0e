/**
 * `npm run bench:many -- [--packages N]`: what `check-many` needs for many packages, the pairs of `bench:peers` again and again. The list
 * is a file on stdin; nothing but the program runs meanwhile.
 *
 * - Every pair once, and its row read: each must be genuine.
 * - So many (10^6 by default) by the clock, from start to end, rows into /dev/null, on one core for the whole program (`taskset -c 0`, one
 *   worker) and on two (two workers): how many times as fast the two are. Every worker compiles what it runs for itself, about a second
 *   each: in a short list that counts against the two, as other load on the machine does.
 * - By how much the resident size grows on two cores, from the first tenth of the list to its end.
 *
 * Exit 1 if a target is missed. Linux (/proc, taskset).
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { PAIRS, writePairs } from './peer-pairs.ts'

const { values } = parseArgs({
  options: {
    packages: { type: 'string', default: '1000000' },
  },
})
const MOST_GROWN_MB = 50
const LEAST_RATIO = 1.8

const pairs = resolve('.cache/bench-peers/yubikey-5.7.2-20')
writePairs(pairs, 20)
const files = readdirSync(join(pairs, 'pairs')).map((file) => join(pairs, 'pairs', file))
const program = join(import.meta.dirname, '../cli/main.js')
const folder = mkdtempSync(join(tmpdir(), 'bench-many-'))

interface Way {
  readonly workers: number
  /** On the first core alone. */
  readonly pinned?: boolean
  readonly output?: string
}

interface Spent {
  /** By the clock. */
  readonly seconds: number
  /** Of all processors, in user and system together. */
  readonly processor: number
  /** MB, from the first tenth of the list to the largest after it. */
  readonly grown: number
}

function listOf(count: number): string {
  const list = join(folder, `list-${count}`)
  const descriptor = openSync(list, 'w')
  const all = files.map((file) => `${file}\n`)
  for (let index = 0; index < count; index += all.length) writeSync(descriptor, all.slice(0, count - index).join(''))
  closeSync(descriptor)
  return list
}

async function judge(count: number, { workers, pinned = false, output = '/dev/null' }: Way): Promise<Spent> {
  const list = listOf(count)
  const [input, rows] = [openSync(list, 'r'), openSync(output, 'w')]
  const anchors = ['--trust-anchors', join(pairs, 'root.pem')]
  const args = [program, 'check-many', '-', '--json', '--fips', 'warn', '--workers', `${workers}`, ...anchors]
  const [command, ...words] = [...(pinned ? ['taskset', '-c', '0'] : []), process.execPath, ...args]
  const before = processorOfChildren()
  const start = performance.now()
  const child = spawn(command ?? '', words, { stdio: [input, rows, 'pipe'] })
  closeSync(input)
  closeSync(rows)
  const sizes: number[] = []
  const tenth = readFileSync(list).length / 10
  const watch = setInterval(() => {
    const { read, resident } = watched(child.pid)
    if (read > tenth) sizes.push(resident)
  }, 250)
  const [said] = await Promise.all([child.stderr === null ? '' : text(child.stderr), once(child, 'close')])
  clearInterval(watch)
  const seconds = (performance.now() - start) / 1000
  rmSync(list)
  if (!said.includes(`${count} checked: ${count} acceptable`)) throw new Error(said)
  return { seconds, processor: processorOfChildren() - before, grown: Math.max(...sizes, 0) - (sizes[0] ?? 0) }
}

/** How far a process has read its stdin, and its resident size in MB; zeros of one that has ended. */
function watched(pid: number | undefined): { readonly read: number; readonly resident: number } {
  try {
    const number = (file: string, name: string): number =>
      Number(new RegExp(`${name}:\\s*(\\d+)`).exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? 0)
    return { read: number('fdinfo/0', 'pos'), resident: number('status', 'VmRSS') / 1024 }
  } catch {
    return { read: 0, resident: 0 }
  }
}

/** Seconds that the children which have ended took: proc(5), `cutime` and `cstime`, in ticks of USER_HZ, which is 100. */
function processorOfChildren(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

let missed = 0
function report(what: string, value: number, target: string, holds: boolean): void {
  if (!holds) missed++
  process.stdout.write(`${holds ? '  ' : '! '}${what.padEnd(60)}${value.toFixed(2).padStart(10)}  ${target}\n`)
}

async function every(): Promise<void> {
  const output = join(folder, 'rows')
  await judge(PAIRS, { workers: 2, output })
  const genuine = readFileSync(output, 'utf8').match(/"genuine":true,"acceptable":true/g)?.length ?? 0
  report(`${PAIRS} rows, genuine`, genuine, `${PAIRS}`, genuine === PAIRS)
}

async function many(count: number): Promise<void> {
  const one = await judge(count, { workers: 1, pinned: true })
  const two = await judge(count, { workers: 2 })
  for (const [name, { seconds, processor }] of Object.entries({ 'one core': one, 'two cores': two }))
    process.stdout.write(`  ${name}: ${seconds.toFixed(1)} s, of processors ${processor.toFixed(1)} s\n`)
  const ratio = one.seconds / two.seconds
  report(`${count} packages, two cores over one`, ratio, `at least ${LEAST_RATIO}`, ratio >= LEAST_RATIO)
  const what = `${count} packages, memory grown from the first tenth on, MB`
  report(what, two.grown, `at most ${MOST_GROWN_MB}`, two.grown <= MOST_GROWN_MB)
  process.stdout.write(`  ${(count / two.seconds).toFixed(0)} packages a second\n`)
}

const [busy = 0] = loadavg()
process.stdout.write(`load of the machine before it begins: ${busy.toFixed(1)}; cores: ${availableParallelism()}\n`)
try {
  await every()
  await many(Number(values.packages))
} finally {
  rmSync(folder, { recursive: true })
}
process.exitCode = missed === 0 ? 0 : 1
