/** The library: everything the CLI does, without the CLI. */
export type { AttestationResult, Check, CheckGroup, CheckStatus } from './attestation/attestation-result.ts'
export { EnrollError, EXIT, type ExitCode } from './errors.ts'
export { HSM_TYPES, type HsmType } from './hsm-type.ts'
