/** No input within the CA's bound of 32,767 base64 characters costs more than 50 ms of processor time or 64 MB. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkAttestation } from '../../src/attestation/check-attestation.ts'
import { readEvidence } from '../../src/attestation/evidence-input.ts'
import { explain } from '../../src/attestation/explain.ts'
import { VERIFIERS } from '../../src/attestation/verifiers.ts'
import { readCertificationRequest, verifyCertificationRequest } from '../../src/csr/certification-request.ts'
import { EnrollError } from '../../src/errors.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import { syntheticEvidence as marvellGoogle } from '../../src/sandbox/marvell-google-evidence/synthetic-evidence.ts'
import { builtInTrustAnchors } from '../../src/trust-anchors/trust-anchors.ts'
import { hostileChains, hostileKeys } from './hostile-chains.ts'
import { type HostileShape, hostileShapes, TEXT_CHARACTERS } from './hostile-shapes.ts'
import { machineSlowness } from './machine-slowness.ts'

const LIMIT_MS = 50
const LIMIT_MB = 64
const NOW = Date.parse('2026-11-22T00:00:00Z')
const trustAnchors = HSM_TYPES.flatMap((hsmType) => builtInTrustAnchors(hsmType))

/** A statement that can be read, so that the chains beside it are looked at. */
const statement = marvellGoogle().find(({ expect: verdict }) => verdict === 'genuine')?.package ?? new Uint8Array(0)

/** Every function that takes a stranger's bytes. */
const READERS: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ['readEvidence', (bytes) => readEvidence(bytes)],
  ['explain', (bytes) => explain(bytes, { trustAnchors, now: NOW })],
  ['check', (bytes) => checkAttestation({ package: bytes, certChains: bytes, trustAnchors, now: NOW })],
  ['request', (bytes) => verifyCertificationRequest(readCertificationRequest(bytes))],
  [
    'chains beside a statement',
    (bytes) => VERIFIERS.MARVELL_GOOGLE.verify(statement, { trustAnchors, now: NOW, certChains: bytes }),
  ],
  ...HSM_TYPES.map(
    (hsmType) =>
      [
        hsmType,
        (bytes: Uint8Array) => VERIFIERS[hsmType].verify(bytes, { trustAnchors, now: NOW, certChains: bytes }),
      ] as const,
  ),
]

/** A typed refusal is an answer; anything else is a defect. */
function attempt(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  try {
    read(bytes)
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
  }
}

function processorMs(action: () => void): number {
  const before = process.cpuUsage()
  action()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

const STATUS = '/proc/self/status'
const kilobytes = (field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(STATUS, 'utf8'))?.[1])

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
  readonly of: string
  readonly ms: number
  readonly mb: number
}

function costs(shapes: readonly HostileShape[]): readonly Cost[] {
  return shapes.flatMap(({ name, make, readers }) =>
    READERS.filter(([reader]) => readers?.includes(reader) ?? true).map(([reader, read]): Cost => {
      let { ms, mb } = measured(read, make())
      // The first call compiles, and other processes disturb: what is slow or large is so every time.
      for (let again = 0; again < 3 && (ms > LIMIT_MS || mb > LIMIT_MB); again++) {
        const slowness = machineSlowness()
        const next = measured(read, make())
        ms = Math.min(ms, next.ms / slowness)
        mb = Math.min(mb, next.mb)
      }
      return { of: `${name}: ${reader}`, ms, mb }
    }),
  )
}

function measured(
  read: (bytes: Uint8Array) => unknown,
  bytes: Uint8Array,
): { readonly ms: number; readonly mb: number } {
  let ms = 0
  const mb = growthMb(() => {
    ms = processorMs(() => attempt(read, bytes))
  })
  return { ms, mb }
}

const GROUPS: readonly (readonly [string, readonly HostileShape[]])[] = [
  ['bombs, nests and floods', hostileShapes()],
  ['keys and certificates out of all measure', hostileKeys()],
  [
    'chains that lead in circles',
    hostileChains(
      HSM_TYPES.flatMap((type) => builtInTrustAnchors(type).slice(0, 1)).flatMap(({ subject }) =>
        subject === undefined ? [] : [Buffer.from(subject, 'base64')],
      ),
    ),
  ],
]

describe('bounds', () => {
  it.each(GROUPS)('%s: at most 50 ms and 64 MB, and typed refusals', (name, shapes) => {
    const found = costs(shapes)
    const slowest = found.reduce((a, b) => (b.ms > a.ms ? b : a))
    const largest = found.reduce((a, b) => (b.mb > a.mb ? b : a))
    process.stdout.write(
      `${name}: ${shapes.length} inputs, ${found.length} readings; slowest ${slowest.ms.toFixed(1)} ms (${slowest.of}); largest ${largest.mb.toFixed(1)} MB (${largest.of})\n`,
    )
    expect(found.filter(({ ms, mb }) => ms > LIMIT_MS || mb > LIMIT_MB)).toEqual([])
  })

  it('are tried at the length that the CA allows', () => {
    const [shapes] = GROUPS.map(([, group]) => group)
    const lengths = (shapes ?? []).map(({ make }) => make().length)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(TEXT_CHARACTERS)
    expect(lengths.filter((length) => length > 20_000).length).toBeGreaterThan(25)
  })
})
