/**
 * `hsm-enroll/check`: judging evidence, anywhere. Pure and synchronous: no device, no file, no network; what to read is passed as
 * bytes, and what time it is as a number.
 */
export type { FamilyOptions } from '../attestation/contract/verify-attestation.ts'
export { type CheckRequest, checkAttestation } from '../check/check-attestation.ts'
export { checkFiles, type EvidenceFile, type FilesToCheck } from '../check/check-files.ts'
export { type CheckSettings, checkUnder, type EvidenceToCheck, type ReadFile } from '../check/configured.ts'
export { explain } from '../check/explain/explain.ts'
export type {
  ExplainContext,
  ExplainedFact,
  ExplainedNode,
  ExplainedPkixEvidence,
  Explanation,
} from '../check/explain/explanation.ts'
export { explanationText } from '../check/explain/explanation-text.ts'
export type { ExpectedDevice } from '../check/policy/expected-device.ts'
export { type PolicyName, type PolicyProfile, policyProfile, type Severity } from '../check/policy/policy-profile.ts'
export { readCertChains } from '../check/read/chains-input.ts'
export type { Evidence } from '../check/read/evidence.ts'
export { readEvidence } from '../check/read/evidence-input.ts'
export { readPublicKey } from '../check/read/public-key-input.ts'
export { readUserTrustAnchors } from '../check/read/trust-anchors-input.ts'
export { builtInKnowledge } from '../knowledge/built-in-knowledge.ts'
export type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
export { builtInTrustAnchors, type TrustAnchorExpiry, trustAnchorExpiry } from '../trust-anchors/trust-anchors.ts'
export * from './shared.ts'
