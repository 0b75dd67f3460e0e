/**
 * `hsm-enroll/enroll`: devices, profiles, runs and orders. One guarded entry begins runs (`enroll`); the families and their addons
 * load when a device is opened, the HTTP client with the first call.
 */
export {
  type Attestation,
  type ButtonTouch,
  type Capability,
  type CertificateStore,
  type Device,
  type DeviceDescription,
  DeviceError,
  type DeviceErrorCode,
  type DeviceErrorDetails,
  type DeviceKey,
  type DeviceProgress,
  type DeviceTrace,
  type DiscoveredDevice,
  type DiscoverOptions,
  type Discovery,
  hasButtonTouch,
  hasCertificateStore,
  type KeyAlgorithm,
  type KeyAttributes,
  type KeyRef,
  type KeySpec,
  type Obstacle,
  type OpenOptions,
  Secret,
  type SecretName,
  type SecretProvider,
  type SecretRequest,
} from '../../devices/device.ts'
export type { ChosenDevice, DeviceGuard, Login, LoginOutcome } from '../../devices/device-guard.ts'
export { discoverDevices, openDevice } from '../../devices/open.ts'
export {
  Configuration,
  type ConfigurationSources,
  type ConfiguredValue,
  loadConfiguration,
} from '../config/configuration.ts'
export type { RawValue } from '../config/configuration-file.ts'
export { openConfiguredDevice } from '../config/open-configured-device.ts'
export { orderForm, requestTemplate } from '../config/profile.ts'
export { createSecretProvider } from '../config/secret-provider.ts'
export type { SecretReading } from '../config/secret-source.ts'
export {
  buildCertificationRequest,
  type FurtherExtension,
  type RequestSigner,
  type RequestTemplate,
  type SubjectAltName,
} from '../csr/build-certification-request.ts'
export type { KeyUsageName, RequestedExtensions } from '../csr/requested-extensions.ts'
export type { AdvanceOptions } from '../enrollment/advance.ts'
export { configuredLedger } from '../enrollment/configured-ledger.ts'
export {
  type Enrolled,
  type Enrollment,
  enroll,
  resolve,
  resume,
  type StateBeforeOrder,
} from '../enrollment/enroll.ts'
export { listRuns } from '../enrollment/list-runs.ts'
export {
  type FormKind,
  type JudgedForm,
  type JudgeOptions,
  judgeForm,
  type OrderSetting,
  orderFromForm,
} from '../enrollment/order-from-form.ts'
export type { OrderedEvidence } from '../enrollment/order-once.ts'
export type { Acceptance, Complaint, Finding, FindingArea } from '../enrollment/plan/finding.ts'
export type { Known } from '../enrollment/plan/known-findings.ts'
export { planFindings } from '../enrollment/plan/plan-findings.ts'
export { createRealServices, type RealServicesOptions } from '../enrollment/real-services.ts'
export { type Renewal, type RenewalOutcome, type RenewalResult, renew } from '../enrollment/renewal/renew.ts'
export type { ReplacementWish } from '../enrollment/replacing/allow-replacement.ts'
export type { Resolution } from '../enrollment/resolve-run.ts'
export type { OpenRun } from '../enrollment/run.ts'
export type { Artefact, Renewed, RunState, Submission } from '../enrollment/run-event.ts'
export type { RunRecord, RunSummary } from '../enrollment/run-record.ts'
export type { EnrollmentServices, RunObserver } from '../enrollment/services.ts'
export type { Answers, Questions } from '../ledger/answers.ts'
export type { Claim, Wish } from '../ledger/claim.ts'
export type { Fact, FactBodies, FactKind, HostRequest, OrderStatus, RecordedFact } from '../ledger/fact.ts'
export type { Ledger } from '../ledger/ledger.ts'
export type {
  AttestedOrder,
  AttestedOrders,
  Balance,
  CallOptions,
  CertificateAuthority,
  Collection,
  FollowedOrder,
  FormFault,
  OrderForm,
  OrderKey,
  OrderOptions,
  OrderOutcome,
  OrderProgress,
  OrderStep,
  Refusal,
} from '../sectigo/certificate-authority.ts'
export { readOrderForm } from '../sectigo/order-form-file.ts'
export type { OrderedKey } from '../sectigo/ordered-keys.ts'
export type { OtherOrders } from '../sectigo/resolve-unknown.ts'
export * from './shared.ts'
