import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import type { CertificationRequest } from '../csr/certification-request.ts'
import { type CheckRequest, checkAttestation } from './check-attestation.ts'
import { readEvidenceFiles } from './read/evidence-input.ts'
import { readRequest } from './read/request-input.ts'

/** A file: its content, and how it is called where that is known. */
export interface EvidenceFile {
  readonly bytes: Uint8Array
  readonly name?: string
}

/** What the files of one piece of evidence are judged by: a CheckRequest without what is read from them. */
export interface FilesToCheck extends Omit<CheckRequest, 'package' | 'csr'> {
  /** Bytes in any form that `check` reads, or read already. Default: the request that is among the files. */
  readonly csr?: Uint8Array | CertificationRequest
  /** The files are those of a folder: one in which nothing is found does not matter. */
  readonly passOver?: boolean
}

/**
 * Reading and judging in one: what `check` does with the files of one attestation, whatever form they are in.
 *
 * @param files - The contents, with names where they have any.
 * @param by - Anchors, the time in milliseconds since 1970, policy and all else that `checkAttestation` takes.
 * @throws EnrollError `evidence.unreadable`, `csr.unreadable`, `asn1.der`, `input.private-key`.
 * @example
 * ```ts
 * const files = [{ name: 'attestation.pem', bytes: readFileSync('attestation.pem') }]
 * const result = checkFiles(files, { trustAnchors: builtInTrustAnchors(), now: Date.now(), csr: readFileSync('request.csr') })
 * ```
 */
export function checkFiles(files: readonly EvidenceFile[], by: FilesToCheck): AttestationResult {
  const { csr, passOver = false, notes = [], publicKey, certChains, ...rest } = by
  const evidence = readEvidenceFiles(files, passOver)
  const given = csr ?? evidence.request
  const read = given instanceof Uint8Array ? readRequest(given) : given && { request: given, notes: [] }
  const chains = certChains ?? evidence.certChains
  const key = publicKey ?? (read === undefined ? evidence.publicKey : undefined)
  return checkAttestation({
    ...rest,
    package: evidence.package,
    ...(chains === undefined ? {} : { certChains: chains }),
    ...(read === undefined ? {} : { csr: read.request }),
    ...(key === undefined ? {} : { publicKey: key }),
    notes: [...notes, ...evidence.notes, ...(read?.notes ?? []).map((note) => `request: ${note}`)],
  })
}
