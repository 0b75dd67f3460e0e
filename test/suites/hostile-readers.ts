import { VERIFIERS } from '../../src/attestation/verifiers.ts'
import { checkAttestation } from '../../src/check/check-attestation.ts'
import { explain } from '../../src/check/explain/explain.ts'
import { readEvidence } from '../../src/check/read/evidence-input.ts'
import { readCertificationRequest } from '../../src/check/read/request-input.ts'
import { verifyCertificationRequest } from '../../src/csr/certification-request.ts'
import { EnrollError } from '../../src/errors.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import { builtInTrustAnchors } from '../../src/trust-anchors/trust-anchors.ts'
import { syntheticEvidence as marvellGoogle } from '../evidence/marvell-google.ts'
import { hostileChains, hostileKeys } from './hostile-chains.ts'
import { type HostileShape, hostileShapes } from './hostile-shapes.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const trustAnchors = HSM_TYPES.flatMap((hsmType) => builtInTrustAnchors(hsmType))

/** A statement that can be read, so that the chains beside it are looked at. */
export const STATEMENT =
  marvellGoogle().find(({ expect: verdict }) => verdict === 'genuine')?.package ?? new Uint8Array(0)

type Read = (bytes: Uint8Array) => unknown

/** Every function that takes a stranger's bytes. */
const READERS: readonly (readonly [name: string, read: Read])[] = [
  ['readEvidence', (bytes) => readEvidence(bytes)],
  ['explain', (bytes) => explain(bytes, { trustAnchors, now: NOW })],
  ['check', (bytes) => checkAttestation({ package: bytes, certChains: bytes, trustAnchors, now: NOW })],
  ['request', (bytes) => verifyCertificationRequest(readCertificationRequest(bytes))],
  [
    'chains beside a statement',
    (bytes) => VERIFIERS.MARVELL_GOOGLE.verify(STATEMENT, { trustAnchors, now: NOW, certChains: bytes }),
  ],
  ...HSM_TYPES.map(
    (hsmType) =>
      [
        hsmType,
        (bytes: Uint8Array) => VERIFIERS[hsmType].verify(bytes, { trustAnchors, now: NOW, certChains: bytes }),
      ] as const,
  ),
]

/** One hostile input before one reader. */
export interface HostileReading {
  readonly name: string
  readonly make: () => Uint8Array
  /** Reads; throws only where the refusal is no typed one. */
  readonly read: (bytes: Uint8Array) => void
}

const readingsOf = (shapes: readonly HostileShape[]): readonly HostileReading[] =>
  shapes.flatMap(({ name, make, readers }) =>
    READERS.filter(([reader]) => readers?.includes(reader) ?? true).map(([reader, read]) => ({
      name: `${name}: ${reader}`,
      make,
      read: (bytes) => attempt(read, bytes),
    })),
  )

/** A typed refusal is an answer; anything else is a defect. */
function attempt(read: Read, bytes: Uint8Array): void {
  try {
    read(bytes)
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
  }
}

/** The reader that tries the keys of a family's anchors. */
const anchored = HSM_TYPES.flatMap((hsmType) =>
  builtInTrustAnchors(hsmType)
    .slice(0, 1)
    .flatMap(({ subject }) => {
      const reader = hsmType === 'MARVELL_GOOGLE' ? 'chains beside a statement' : hsmType
      return subject === undefined ? [] : [{ reader, subject: Buffer.from(subject, 'base64') }]
    }),
)

export const HOSTILE_READINGS: readonly (readonly [group: string, readings: readonly HostileReading[]])[] = [
  ['bombs, nests and floods', readingsOf(hostileShapes())],
  ['keys and certificates out of all measure', readingsOf(hostileKeys())],
  ['chains that lead in circles', readingsOf(hostileChains(anchored))],
]
