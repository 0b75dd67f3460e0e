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
import { explainPkixEvidence, pkixContext } from './explain-pkix-evidence.ts'
import { explainRequest } from './explain-request.ts'
import type { ExplainContext, Explanation } from './explanation.ts'

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
    const bound = { ...context, csr: request }
    const beside = [...attestationBeside(contents, 'request', bound), ...explainPkixEvidenceIn(contents, bound)]
    return beside.length === 0 ? explained : { ...explained, embedded: [...explained.embedded, ...beside] }
  }
  const [pkixEvidence, ...others] = explainPkixEvidenceIn(contents, context)
  if (pkixEvidence !== undefined) {
    return {
      ...pkixEvidence,
      notes: contents.notes,
      embedded: [...others, ...attestationBeside(contents, 'PKIX evidence', context)],
    }
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

/** The attestation that is in one file with its request, or with other evidence. */
function attestationBeside(contents: Contents, what: string, context: ExplainContext): readonly Explanation[] {
  if (!EVIDENCE_KINDS.some((kind) => itemsOf(contents, kind).length > 0)) return []
  const evidence = evidenceIn(contents)
  if (possibleFamilies(evidence.package).length !== 1) return []
  return [explainAttestation(requestFor(evidence, context), [`is in the same file as the ${what}`])]
}

/** None unless it was asked for. */
const explainPkixEvidenceIn = (contents: Contents, context: ExplainContext): readonly Explanation[] =>
  context.pkixEvidence === true
    ? itemsOf(contents, 'pkix-evidence').map(({ der }) => explainPkixEvidence(der, pkixContext(context)))
    : []
