/** Explains whatever a person has at hand: one of the six packages, a request, a certificate, a PKCS#7. */

import { decodeText } from '../../asn1/decode-text.ts'
import { possibleFamilies } from '../../attestation/recognise-family.ts'
import { type CertificationRequest, readCertificationRequest } from '../../csr/certification-request.ts'
import type { CheckRequest } from '../check-attestation.ts'
import { readEvidence } from '../read/evidence-input.ts'
import { explainAttestation } from './explain-attestation.ts'
import { explainCertificates } from './explain-certificates.ts'
import { explainRequest } from './explain-request.ts'
import type { Explanation } from './explanation.ts'

/** What the judgement leans on; the same members as for `checkAttestation`. */
export type ExplainContext = Omit<CheckRequest, 'package'>

/** Throws EvidenceError or DerError where the file is none of what can be explained. */
export function explain(file: Uint8Array, context: ExplainContext): Explanation {
  const request = readRequest(file)
  if (request !== undefined) {
    const explained = explainRequest(request, context)
    const beside = attestationBeside(file, { ...context, csr: request })
    return beside === undefined ? explained : { ...explained, embedded: [...explained.embedded, beside] }
  }
  const evidence = readEvidence(file)
  const { certChains } = evidence
  const families = context.hsmType === undefined ? possibleFamilies(evidence.package) : [context.hsmType]
  if (families.length > 0) {
    const chains = context.certChains ?? certChains
    const withChains = chains === undefined ? {} : { certChains: chains }
    return explainAttestation({ ...context, ...withChains, package: evidence.package }, evidence.notes)
  }
  return explainCertificates(evidence.package, evidence.notes)
}

/** The attestation that stands in one PEM file with its request. */
function attestationBeside(file: Uint8Array, context: ExplainContext): Explanation | undefined {
  if (decodeText(file)?.text.includes('-----BEGIN CERTIFICATE-----') !== true) return undefined
  const { package: package_ } = readEvidence(file)
  if (possibleFamilies(package_).length !== 1) return undefined
  return explainAttestation({ ...context, package: package_ }, ['stands in the same file as the request'])
}

/** Undefined where the file is not meant to be a request. */
function readRequest(file: Uint8Array): CertificationRequest | undefined {
  const text = decodeText(file)?.text
  if (text?.includes('CERTIFICATE REQUEST-----')) return readCertificationRequest(Buffer.from(text))
  try {
    return readCertificationRequest(file)
  } catch {
    // Not a request in DER or base64 either; then it is something else, and read as that.
    return undefined
  }
}
