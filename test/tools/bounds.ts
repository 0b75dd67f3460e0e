/**
 * `npm run bench:bounds -- [--strict]`: what hostile inputs within the CA's bound cost their readers, in processor time and memory. The
 * slowest as a ratio to one bare P-521 verification, measured in the same run. `--strict`: exit 1 above 24 of them, or above 64 MB.
 */
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { HOSTILE_READINGS, type HostileReading } from '../suites/hostile-readers.ts'
import { cost } from './stopwatch.ts'

const { values } = parseArgs({ options: { strict: { type: 'boolean', default: false } } })

const MOST_VERIFICATIONS = 24
const MOST_MB = 64
/** The first call compiles, and others disturb: what is slow is slow every time. */
const TRIES = 4

/** Microseconds of a P-521 verification with SHA-512, the slowest that certificates need. */
function bareVerification(): number {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-521' })
  const data = Buffer.alloc(600, 0x5a)
  const signature = sign('sha512', data, privateKey)
  const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
  return cost(50, () => verify('sha512', data, key, signature))
}

const kilobytes = (field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1])

/** Growth of the resident memory at its highest, in MB; Linux lets a process reset that mark. Elsewhere the heap at the end. */
function growthMb(action: () => void): number {
  if (!existsSync('/proc/self/clear_refs')) {
    const before = process.memoryUsage().heapUsed
    action()
    return (process.memoryUsage().heapUsed - before) / 2 ** 20
  }
  writeFileSync('/proc/self/clear_refs', '5')
  const before = kilobytes('VmRSS')
  action()
  return (kilobytes('VmHWM') - before) / 1024
}

interface Cost {
  readonly name: string
  readonly microseconds: number
  readonly mb: number
}

function costOf({ name, make, read }: HostileReading, enough: number): Cost {
  let best: Cost = { name, microseconds: Number.POSITIVE_INFINITY, mb: Number.POSITIVE_INFINITY }
  // What costs little at first needs no second look.
  for (let tries = 0; tries < TRIES && (best.microseconds > enough || best.mb > 8); tries++) {
    const bytes = make()
    let microseconds = 0
    const mb = growthMb(() => {
      microseconds = cost(1, () => read(bytes), 1)
    })
    best = { name, microseconds: Math.min(best.microseconds, microseconds), mb: Math.min(best.mb, mb) }
  }
  return best
}

let missed = false
const bare = bareVerification()
process.stdout.write(`one P-521 verification: ${(bare / 1000).toFixed(2)} ms\n`)
for (const [group, readings] of HOSTILE_READINGS) {
  const costs = readings.map((reading) => costOf(reading, 2 * bare))
  const slowest = costs.reduce((a, b) => (b.microseconds > a.microseconds ? b : a))
  const largest = costs.reduce((a, b) => (b.mb > a.mb ? b : a))
  const ratio = slowest.microseconds / bare
  missed ||= ratio > MOST_VERIFICATIONS || largest.mb > MOST_MB
  process.stdout.write(
    `${group}: ${readings.length} readings; slowest ${ratio.toFixed(1)} verifications, ${(slowest.microseconds / 1000).toFixed(1)} ms (${slowest.name}); largest ${largest.mb.toFixed(1)} MB (${largest.name})\n`,
  )
}
if (missed) process.stdout.write(`above ${MOST_VERIFICATIONS} verifications or ${MOST_MB} MB\n`)
process.exitCode = missed && values.strict ? 1 : 0
