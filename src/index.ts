/** The library: everything the command line does, without the command line. Device families and their addons load when they are opened. */
export {
  type Attestation,
  type ButtonTouch,
  type CertificateStore,
  type Device,
  type DeviceDescription,
  DeviceError,
  type DeviceKey,
  type DiscoveredDevice,
  type Discovery,
  type HashName,
  hasButtonTouch,
  hasCertificateStore,
  type KeyAlgorithm,
  type KeyAttributes,
  type KeyRef,
  type KeySpec,
  type Obstacle,
  type OpenOptions,
  Secret,
  type SecretProvider,
} from '../devices/device.ts'
export { discoverDevices, openDevice } from '../devices/open.ts'
export { formatName, type Name, parseNameText } from './asn1/name.ts'
export type {
  AttestationResult,
  Check,
  CheckGroup,
  CheckStatus,
  KeyClaims,
} from './attestation/contract/attestation-result.ts'
export { type CheckRequest, checkAttestation } from './check/check-attestation.ts'
export { type ExplainContext, explain } from './check/explain/explain.ts'
export type { Explanation } from './check/explain/explanation.ts'
export { type PolicyProfile, policyProfile } from './check/policy/policy-profile.ts'
export type { Evidence } from './check/read/evidence.ts'
export { readEvidence } from './check/read/evidence-input.ts'
export { readPublicKey } from './check/read/public-key-input.ts'
export { readCertificationRequest } from './check/read/request-input.ts'
export { Configuration, type ConfigurationSources, loadConfiguration } from './config/configuration.ts'
export { openConfiguredDevice } from './config/open-configured-device.ts'
export { orderForm, requestTemplate } from './config/profile.ts'
export { createSecretProvider } from './config/secret-provider.ts'
export {
  buildCertificationRequest,
  type RequestAttribute,
  type RequestTemplate,
  type SubjectAltName,
} from './csr/build-certification-request.ts'
export { type CertificationRequest, verifyCertificationRequest } from './csr/certification-request.ts'
export type { AdvanceOptions } from './enrollment/advance.ts'
export { type Enrolled, type Enrollment, enroll, resume, type StateBeforeOrder } from './enrollment/enroll.ts'
export { createRealServices, type RealServicesOptions } from './enrollment/real-services.ts'
export { type Resolution, resolveRun } from './enrollment/resolve-run.ts'
export { type Run, withRun } from './enrollment/run.ts'
export type { RunState } from './enrollment/run-event.ts'
export { listRuns, type RunRecord } from './enrollment/run-record.ts'
export type { EnrollmentServices, RunObserver } from './enrollment/services.ts'
export { EnrollError, EXIT, type ExitCode } from './errors.ts'
export { HSM_TYPES, type HsmType, isHsmType } from './hsm-type.ts'
export type { CertificateAuthority, OrderForm, OrderOutcome } from './sectigo/certificate-authority.ts'
export type { TrustAnchor } from './trust-anchors/trust-anchor.ts'
export { builtInTrustAnchors, trustAnchorExpiry } from './trust-anchors/trust-anchors.ts'
export { readUserTrustAnchors } from './trust-anchors/user-trust-anchors.ts'
