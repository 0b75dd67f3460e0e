/** What both halves of the library speak in: names, requests, verdicts, errors. */
export type { HashName } from '../../devices/device.ts'
export type { AlgorithmIdentifier, Extension } from '../asn1/certificate.ts'
export { formatName, type Name, type NameAttribute, parseNameText } from '../asn1/name.ts'
export type {
  Advisory,
  AttestationResult,
  AttestedDevice,
  AttestedKey,
  ChainLink,
  Check,
  CheckGroup,
  CheckStatus,
  FipsWord,
  KeyClaims,
  KnowledgeUsed,
  TrustAnchorUsed,
} from '../attestation/contract/attestation-result.ts'
export { CHECK_IDS, type CheckId } from '../attestation/contract/check-ids.ts'
export { readCertificationRequest } from '../check/read/request-input.ts'
export {
  type CertificationRequest,
  type RequestAttribute,
  verifyCertificationRequest,
} from '../csr/certification-request.ts'
export { ERROR_CODES, type ErrorCode } from '../error-codes.ts'
export { EnrollError, EXIT, type ExitCode } from '../errors.ts'
export { HSM_TYPES, type HsmType, isHsmType } from '../hsm-type.ts'
export type { Certification, CertificationStatus } from '../knowledge/certification-on.ts'
export type {
  AdvisoryRow,
  CaRuleRow,
  CertificationRow,
  FipsStandard,
  Knowledge,
  Sourced,
} from '../knowledge/knowledge.ts'
export type { VersionRange } from '../knowledge/version-range.ts'
