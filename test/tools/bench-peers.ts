/**
 * `npm run bench:peers -- [--rounds N]`: 5,000 YubiKey pairs, no certificate twice, judged by hsm-enroll with policy, by
 * Go's piv-go and by Python's cryptography: turn by turn, each in a process of its own, bound to one core where the system can.
 * Figures are processor time, so that what else the machine does falls on none of them alone; the best of the rounds counts.
 * Then keys of one device of each family, against the signature verifications that each needs. Exit 1 if a target is missed, 2 if a peer
 * cannot be built.
 */
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { familyRatios } from './family-ratios.ts'
import { PAIRS, writePairs } from './peer-pairs.ts'
import { buildPeers, type PeerProgram } from './peer-programs.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const cache = resolve('.cache/bench-peers')
const ours = join(import.meta.dirname, 'peer-ours.js')
const OURS = 'hsm-enroll, checkAttestation with policy'
let missed = 0

/** Keys that sign the pairs. Batches of devices share a key; where none does, every pair costs the import of one more. */
const SETS = [
  { devices: 20, what: `${PAIRS} pairs of 20 devices`, least: 1 },
  { devices: PAIRS, what: `${PAIRS} pairs of ${PAIRS} devices`, least: undefined },
] as const

function peers(): readonly PeerProgram[] {
  try {
    return buildPeers(cache)
  } catch (error) {
    process.stderr.write(
      `Could not build a peer: ${error instanceof Error ? error.message : error}\nGo 1.25 or later, a C compiler, libpcsclite-dev and python3-venv are needed.\n`,
    )
    process.exit(2)
  }
}

/** Pairs a second of processor time. */
function speedOf({ name, command: [program, ...args], environment }: PeerProgram, folder: string): number {
  const bound = process.platform === 'linux' ? ['taskset', '-c', '0', program] : [program]
  const [first = program, ...rest] = bound
  const { status, stdout, stderr } = spawnSync(first, [...rest, ...args, folder], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  })
  if (status !== 0) throw new Error(`${name} failed: ${stderr}`)
  const { pairs, microseconds } = JSON.parse(stdout) as { readonly pairs: number; readonly microseconds: number }
  return (pairs / microseconds) * 1_000_000
}

function measureSet(programs: readonly PeerProgram[], { devices, what, least }: (typeof SETS)[number]): void {
  const folder = join(cache, `yubikey-5.7.2-${devices}`)
  writePairs(folder, devices)
  const best = new Map<string, number>(programs.map(({ name }) => [name, 0]))
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const program of programs) {
      best.set(program.name, Math.max(best.get(program.name) ?? 0, speedOf(program, folder)))
    }
  }
  const go = best.get(programs.find(({ name }) => name.startsWith('piv-go'))?.name ?? '') ?? Number.NaN
  process.stdout.write(`${what}: pairs a second, and over piv-go\n`)
  for (const [name, speed] of best) {
    const late = name === OURS && least !== undefined && speed / go < least
    if (late) missed++
    const target = name === OURS && least !== undefined ? `  at least ${least}` : ''
    process.stdout.write(
      `${late ? '! ' : '  '}${name.padEnd(56)}${speed.toFixed(0).padStart(8)}${(speed / go).toFixed(2).padStart(8)}${target}\n`,
    )
  }
}

const node = process.execPath
const programs: readonly PeerProgram[] = [
  { name: 'two bare crypto.verify, keys at hand', command: [node, ours, '--bare'] },
  ...peers(),
  { name: OURS, command: [node, ours] },
]
for (const set of SETS) measureSet(programs, set)
process.stdout.write('one more key of a device / the signature verifications from it to the anchor\n')
for (const { what, ratio } of familyRatios()) {
  const late = ratio > 1.5
  if (late) missed++
  process.stdout.write(`${late ? '! ' : '  '}${what.padEnd(56)}${ratio.toFixed(2).padStart(16)}  at most 1.5\n`)
}
process.exitCode = missed === 0 ? 0 : 1
