/**
 * `npm run bench:start -- [--rounds N] [--node FILE]...`: what a command takes from its start to its end, over `node -e 0`: the median of
 * the ratios of so many pairs, run turn by turn in one sitting. Wall time is what a person waits for, and is held against the targets;
 * processor time, which also counts what V8 does beside it on other cores, depends less on what else the machine does. Exit 1 if a target
 * is missed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { writePem } from '../../src/asn1/pem.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer } from '../../src/sandbox/yubikey/evidence/issuer.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    node: { type: 'string', multiple: true, default: [process.execPath] },
  },
})
const rounds = Number(values.rounds)
const program = resolve(import.meta.dirname, '../cli/main.js')
const folder = mkdtempSync(join(tmpdir(), 'bench-start-'))
const evidence = join(folder, 'attestation.pem')
const floor = join(folder, 'floor.cjs')
let missed = 0

/** A pair as a YubiKey 5 creates it. */
function writeEvidence(): void {
  const issuer = createYubikeyEvidenceIssuer({ serial: 15_732_500, firmware: '5.4.3', formFactor: 0x81 })
  const leaf = issuer.attest({ spki: testKeyPair('P-256').spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
  writeFileSync(evidence, [leaf, issuer.f9Certificate].map((der) => writePem('CERTIFICATE', der)).join(''))
}

/** The least that a check can take: it reads the file, verifies both signatures, and prints a line. */
const FLOOR = `
  const { X509Certificate } = require('node:crypto')
  const text = require('node:fs').readFileSync(process.argv[2], 'utf8')
  const [leaf, f9] = text.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g).map((pem) => new X509Certificate(pem))
  console.log(leaf.verify(f9.publicKey), f9.verify(f9.publicKey))`

interface Cost {
  readonly wall: number
  readonly processor: number
}

/** Milliseconds that a process takes; its processor time is what that of all children grows by. */
function cost(node: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Cost {
  const start = process.hrtime.bigint()
  const { stdout, error } = spawnSync(
    '/usr/bin/env',
    ['bash', '-c', `"$@" >/dev/null 2>&1; times`, '-', node, ...args],
    {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder, ...env },
    },
  )
  if (error !== undefined) throw error
  const wall = Number(process.hrtime.bigint() - start) / 1e6
  const [, children = ''] = stdout.trim().split('\n')
  const processor = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  )
  return { wall, processor }
}

const median = (list: readonly number[]): number =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN

// biome-ignore format: a table
const COMMANDS = [
  { what: 'hsm-enroll --version', args: ['--version'], most: 1.4 },
  { what: 'hsm-enroll --help', args: ['--help'], most: 1.4 },
  { what: 'hsm-enroll check --help', args: ['check', '--help'], most: 1.4 },
  { what: 'hsm-enroll check', args: ['check', '--attestation', evidence], most: 1.8 },
  { what: '  without the code cache', args: ['check', '--attestation', evidence], most: undefined, env: { NODE_DISABLE_COMPILE_CACHE: '1' } },
  { what: '  floor: the same by node:crypto', file: floor, args: [evidence], most: undefined },
] as const

/** Has a command of this release of Node.js left what V8 compiled of it? */
function isCached(version: string): boolean {
  const caches = join(dirname(program), 'code-cache')
  return existsSync(caches) && readdirSync(caches).some((name) => name.includes(`-${version}-`))
}

function measure(node: string): void {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
  const ratios = COMMANDS.map(() => ({ wall: [] as number[], processor: [] as number[] }))
  // The first rounds fill the caches of the machine.
  for (let round = -2; round < rounds; round++) {
    for (const [index, command] of COMMANDS.entries()) {
      const base = cost(node, ['-e', '0'])
      const { wall, processor } = cost(
        node,
        ['file' in command ? command.file : program, ...command.args],
        'env' in command ? command.env : {},
      )
      if (round < 0) continue
      ratios[index]?.wall.push(wall / base.wall)
      ratios[index]?.processor.push(processor / base.processor)
    }
  }
  const cached = isCached(version) ? 'with its code cache' : 'WITHOUT A CODE CACHE: it could not be written'
  process.stdout.write(`Node.js ${version}, ${cached}\n  over node -e 0${' '.repeat(26)}wall  processor\n`)
  for (const [index, { what, most }] of COMMANDS.entries()) {
    const [wall, processor] = [median(ratios[index]?.wall ?? []), median(ratios[index]?.processor ?? [])]
    const late = most !== undefined && wall > most
    if (late) missed++
    process.stdout.write(
      `${late ? '! ' : '  '}${what.padEnd(34)}${wall.toFixed(2).padStart(9)}${processor.toFixed(2).padStart(11)}${most === undefined ? '' : `  at most ${most}`}\n`,
    )
  }
}

try {
  writeEvidence()
  writeFileSync(floor, FLOOR)
  for (const node of values.node) measure(node)
} finally {
  rmSync(folder, { recursive: true })
}
process.exitCode = missed === 0 ? 0 : 1
