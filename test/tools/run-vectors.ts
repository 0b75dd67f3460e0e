import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AttestationResult } from '../../src/attestation/contract/attestation-result.ts'
import { checkAttestation } from '../../src/check/check-attestation.ts'
import { readCertChains } from '../../src/check/read/chains-input.ts'
import type { Evidence } from '../../src/check/read/evidence.ts'
import { readEvidence } from '../../src/check/read/evidence-input.ts'
import { readPublicKey } from '../../src/check/read/public-key-input.ts'
import { readCertificationRequest } from '../../src/check/read/request-input.ts'
import { EnrollError } from '../../src/errors.ts'
import { builtInTrustAnchors } from '../../src/trust-anchors/trust-anchors.ts'
import { type BrokenRow, readManifestRows, type Vector } from './vector-manifest.ts'

export interface VectorOutcome {
  readonly id: string
  readonly hsmType: string
  readonly expected: string
  readonly got: string
  /** `name: expected …, got …` for every claim that differs. */
  readonly differences: readonly string[]
  /** Why it was refused, or what differs. */
  readonly detail: string
  readonly ok: boolean
  /** Absent where nothing could be judged. */
  readonly result?: AttestationResult
}

/** Judges every row of a folder's manifest exactly as `check` would, with the built-in anchors, at `now`. */
export function runVectors(folder: string, now: number = Date.now(), on?: string): readonly VectorOutcome[] {
  const rows = readManifestRows(folder)
  const vectors = rows.flatMap((row) => ('problem' in row ? [] : [row]))
  return rows.map((row) => ('problem' in row ? broken(row, row.problem) : runVector(folder, row, vectors, now, on)))
}

/** Not judged at all: never right, whatever was expected. */
const broken = ({ id, hsmType, expect: expected }: Vector | BrokenRow, detail: string): VectorOutcome => ({
  id,
  hsmType,
  expected,
  got: 'not judged',
  differences: [],
  detail,
  ok: false,
})

function runVector(folder: string, vector: Vector, all: readonly Vector[], now: number, on?: string): VectorOutcome {
  const { id, hsmType, expect: expected } = vector
  try {
    const result = judge(folder, vector, all, now, on)
    const got = verdictOf(result)
    const differences = compareClaims(vector.claims, result)
    const detail = result.checks
      .filter(({ status, group }) => status === 'fail' && group !== 'policy')
      .map((check) => `${check.id}: ${check.detail}`)
      .join('; ')
    return { id, hsmType, expected, got, differences, detail, ok: got === expected && differences.length === 0, result }
  } catch (error) {
    // A file that is missing, or a defect of ours: the other rows are judged all the same.
    if (!(error instanceof EnrollError)) return broken(vector, error instanceof Error ? error.message : String(error))
    const differences = Object.keys(vector.claims).length > 0 ? ['claims: nothing could be read'] : []
    const ok = expected === 'refuse' && differences.length === 0
    return { id, hsmType, expected, got: 'refuse', differences, detail: `${error.code}: ${error.message}`, ok }
  }
}

function judge(folder: string, vector: Vector, all: readonly Vector[], now: number, on?: string): AttestationResult {
  const read = (file: string): Uint8Array => readFileSync(join(folder, file))
  const evidence = withIssuer(readEvidence(read(vector.attestation)), vector, all, read)
  const request = vector.csr === undefined ? evidence.request : read(vector.csr)
  const csr = request === undefined ? undefined : readCertificationRequest(request)
  const certChains = vector.certChains === undefined ? evidence.certChains : readCertChains(read(vector.certChains))
  return checkAttestation({
    hsmType: vector.hsmType,
    package: evidence.package,
    trustAnchors: builtInTrustAnchors(vector.hsmType),
    now,
    ...(on === undefined ? {} : { on }),
    ...(certChains === undefined ? {} : { certChains }),
    ...(csr === undefined ? {} : { csr }),
    ...(vector.publicKey === undefined ? {} : { publicKey: readPublicKey(read(vector.publicKey)) }),
  })
}

/** A leaf alone gets the certificate that issued it from the row that is named. */
function withIssuer(
  evidence: Evidence,
  vector: Vector,
  all: readonly Vector[],
  read: (file: string) => Uint8Array,
): Evidence {
  const issuer = all.find(({ id }) => id === vector.issuerFrom)
  if (issuer === undefined || countCertificates(evidence.package) !== 1) return evidence
  const [, second] = Buffer.from(readEvidence(read(issuer.attestation)).package)
    .toString()
    .split(/(?<=-----END CERTIFICATE-----\n)/)
  return second === undefined ? evidence : readEvidence(evidence.package, Buffer.from(second))
}

const countCertificates = (package_: Uint8Array): number =>
  Buffer.from(package_).toString('latin1').split('-----BEGIN CERTIFICATE-----').length - 1

function verdictOf(result: AttestationResult): string {
  const fails = (id: string): boolean => result.checks.some((check) => check.id === id && check.status === 'fail')
  // A request that is not signed by its own key is no request for any key.
  if (!result.genuine || fails('binding.signature')) return 'refuse'
  if (fails('binding.key')) return 'genuine-but-other-key'
  return result.claims.extractable === false ? 'genuine' : 'genuine-but-exportable'
}

/** A manifest's claim names, in the places where a result has them; every other name is a claim's own. */
function claimOf(name: string, { device, attestedKey, claims }: AttestationResult): unknown {
  switch (name) {
    case 'firmware':
      return device.firmware
    case 'serial':
    case 'esn':
      return device.serial
    case 'key':
      return attestedKey === undefined ? undefined : (attestedKey.curve ?? `RSA${attestedKey.bits}`)
    default:
      return { ...attestedKey, ...device, ...claims }[name]
  }
}

function compareClaims(expected: Readonly<Record<string, unknown>>, result: AttestationResult): readonly string[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const got = claimOf(name, result)
    const comparable = name === 'key' ? keyName : plain
    return comparable(got) === comparable(value) ? [] : [`${name}: expected ${plain(value)}, got ${plain(got)}`]
  })
}

const plain = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value))
/** `P-256`, `P256` and `Ed25519`, `ED25519` are the same. */
const keyName = (value: unknown): string => plain(value).toUpperCase().replaceAll('-', '')
