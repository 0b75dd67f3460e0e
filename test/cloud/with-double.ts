import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { KeyAlgorithm, KeySpec } from '../../devices/device.ts'
import { type DsmDouble, startDsmDouble } from '../../src/sandbox/fortanix/double.ts'
import {
  createFortanixEvidenceIssuer,
  type FortanixEvidenceIssuer,
} from '../../src/sandbox/fortanix/evidence/issuer.ts'
import type { HttpDouble } from '../../src/sandbox/http/http-double.ts'
import { type KmsDouble, startKmsDouble } from '../../src/sandbox/marvell-google/double.ts'

/** A key that no other test has. */
export const newSpec = (algorithm: KeyAlgorithm = 'P-256'): KeySpec => ({
  algorithm,
  label: `key-${randomBytes(8).toString('hex')}`,
  id: randomBytes(16),
})

interface CloudDouble {
  readonly http: HttpDouble
  close(): Promise<void>
}

/** Closes a double, which must have seen no request that its API does not know. */
async function end(double: CloudDouble | undefined): Promise<void> {
  await double?.close()
  expect(double?.http.defects ?? []).toEqual([])
}

/** What a hook has set, for the tests that run after it. */
function set<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('may be called within tests alone')
  return value
}

/** A directory for all tests of a file. */
export function withDirectory(): () => string {
  let directory: string | undefined
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cloud-'))
  })
  afterAll(() => (directory === undefined ? undefined : rm(directory, { recursive: true })))
  return () => set(directory)
}

/** One double for all tests of a file; its faults end with each. */
function withOne<Double extends CloudDouble>(
  directory: () => string,
  start: (options: { readonly directory: string }) => Promise<Double>,
): () => Double {
  let double: Double | undefined
  beforeAll(async () => {
    double = await start({ directory: directory() })
  })
  afterEach(() => double?.http.faults.clear())
  afterAll(() => end(double))
  return () => set(double)
}

/** One DSM for all tests of a file. */
export const withDsm = (directory = withDirectory()): (() => DsmDouble) => withOne(directory, startDsmDouble)

/** One Cloud KMS for all tests of a file. */
export const withKms = (directory = withDirectory()): (() => KmsDouble) => withOne(directory, startKmsDouble)

/** The evidence issuer of all doubles of a file: making its three RSA keys takes seconds. */
export function withIssuer(): () => FortanixEvidenceIssuer {
  let issuer: FortanixEvidenceIssuer | undefined
  beforeAll(() => {
    issuer = createFortanixEvidenceIssuer({ signedAt: new Date(Date.now() - 60_000) })
  })
  return () => set(issuer)
}

/** A DSM of its own for each test: what a test changes in it (permissions, policies, sessions) ends with the test. */
export function withDsmForEach(directory = withDirectory(), issuer = withIssuer()): () => DsmDouble {
  let dsm: DsmDouble | undefined
  beforeEach(async () => {
    dsm = await startDsmDouble({ directory: directory(), issuer: issuer() })
  })
  afterEach(() => end(dsm))
  return () => set(dsm)
}
