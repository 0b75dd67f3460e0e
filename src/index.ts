/** The library: everything the command line does, without the command line. Device families and their addons load when they are opened. */
export {
  type Attestation,
  type Device,
  type DeviceDescription,
  DeviceError,
  type DeviceKey,
  type DiscoveredDevice,
  hasButtonTouch,
  hasCertificateStore,
  type KeySpec,
  Secret,
  type SecretProvider,
} from '../devices/device.ts'
export { discoverDevices, openDevice } from '../devices/open.ts'
export type {
  AttestationResult,
  Check,
  CheckGroup,
  CheckStatus,
  KeyClaims,
} from './attestation/attestation-result.ts'
export { type CheckRequest, checkAttestation } from './attestation/check-attestation.ts'
export { type Evidence, readEvidence } from './attestation/evidence-input.ts'
export { explain } from './attestation/explain.ts'
export { Configuration, type ConfigurationSources, loadConfiguration } from './config/configuration.ts'
export { createSecretProvider } from './config/secret-provider.ts'
export { buildCertificationRequest, type RequestTemplate } from './csr/build-certification-request.ts'
export {
  type CertificationRequest,
  readCertificationRequest,
  verifyCertificationRequest,
} from './csr/certification-request.ts'
export { type AdvanceOptions, advance } from './enrollment/advance.ts'
export { resolveRun } from './enrollment/resolve-run.ts'
export { type Run, withNewRun, withRun } from './enrollment/run.ts'
export { listRuns, type RunRecord } from './enrollment/run-record.ts'
export type { EnrollmentServices, RunObserver } from './enrollment/services.ts'
export { EnrollError, EXIT, type ExitCode } from './errors.ts'
export { HSM_TYPES, type HsmType, isHsmType } from './hsm-type.ts'
export { type PolicyProfile, policyProfile } from './policy/policy-profile.ts'
export type { CertificateAuthority, OrderForm, OrderOutcome } from './sectigo/certificate-authority.ts'
export { createSectigo, type SectigoOptions } from './sectigo/sectigo.ts'
export type { TrustAnchor } from './trust-anchors/trust-anchor.ts'
export { builtInTrustAnchors, trustAnchorExpiry } from './trust-anchors/trust-anchors.ts'
export { readUserTrustAnchors } from './trust-anchors/user-trust-anchors.ts'
