/** Explains whatever a person has at hand: one of the six packages, a request, a certificate, a PKCS#7. */

import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { possibleFamilies } from '../../attestation/recognise-family.ts'
import { parseCertificationRequest } from '../../csr/certification-request.ts'
import type { CheckRequest } from '../check-attestation.ts'
import { type Contents, itemsOf } from '../read/contents.ts'
import type { Evidence } from '../read/evidence.ts'
import { evidenceIn } from '../read/evidence-input.ts'
import { openFile } from '../read/open-file.ts'
import { onlyRequest } from '../read/request-input.ts'
import { orRefuse } from '../read/unreadable.ts'
import { explainAttestation } from './explain-attestation.ts'
import { explainCertificates } from './explain-certificates.ts'
import { explainRequest } from './explain-request.ts'
import type { Explanation } from './explanation.ts'

/** What the judgement leans on; the same members as for `checkAttestation`. */
export type ExplainContext = Omit<CheckRequest, 'package'>

/**
 * Explains whatever a person has at hand: an attestation of any family, a request, a certificate, a PKCS#7.
 *
 * @param file - Its bytes, in any form that `readEvidence` reads.
 * @param context - Anchors, time and what it must belong to, as for `checkAttestation`.
 * @throws EnrollError `evidence.unreadable`, `asn1.…`, for a file that is none of these; `input.private-key`.
 * @example
 * ```ts
 * const context: ExplainContext = { trustAnchors: builtInTrustAnchors(), now: Date.now() }
 * console.log(explanationText(explain(readFileSync('attestation.pem'), context)))
 * ```
 */
export function explain(file: Uint8Array, context: ExplainContext): Explanation {
  const contents = orRefuse(
    () => openFile(file),
    ({ what, remedy, cause }) => new EvidenceError(`Could not read the file: ${what}.`, remedy, cause),
  )
  if (itemsOf(contents, 'request').length > 0) {
    const request = parseCertificationRequest(onlyRequest(contents))
    const explained = explainRequest(request, context, contents.notes)
    const beside = attestationBeside(contents, { ...context, csr: request })
    return beside === undefined ? explained : { ...explained, embedded: [...explained.embedded, beside] }
  }
  const evidence = evidenceIn(contents)
  const families = context.hsmType === undefined ? possibleFamilies(evidence.package) : [context.hsmType]
  if (families.length > 0) return explainAttestation(requestFor(evidence, context), evidence.notes)
  return explainCertificates(evidence.package, evidence.notes)
}

function requestFor({ package: package_, certChains, publicKey }: Evidence, context: ExplainContext): CheckRequest {
  const chains = context.certChains ?? certChains
  return {
    ...(publicKey === undefined ? {} : { publicKey }),
    ...context,
    ...(chains === undefined ? {} : { certChains: chains }),
    package: package_,
  }
}

const EVIDENCE_KINDS = ['certificate', 'pkcs7', 'package'] as const

/** The attestation that is in one file with its request. */
function attestationBeside(contents: Contents, context: ExplainContext): Explanation | undefined {
  if (!EVIDENCE_KINDS.some((kind) => itemsOf(contents, kind).length > 0)) return undefined
  const evidence = evidenceIn(contents)
  if (possibleFamilies(evidence.package).length !== 1) return undefined
  return explainAttestation(requestFor(evidence, context), ['is in the same file as the request'])
}
