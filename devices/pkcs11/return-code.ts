import type { DeviceErrorCode } from '../device-error.ts'

/** What one CK_RV means to an operator: the code it becomes, one line of cause, one line of remedy. */
export interface ReturnCode {
  readonly name: string
  readonly code: DeviceErrorCode
  readonly cause: string
  readonly remedy: string
  /** The same call may succeed later without a person doing anything. */
  readonly transient?: boolean
}

export type ReturnCodeRow = readonly [number, ReturnCode]

export function row(name: string, code: DeviceErrorCode, cause: string, remedy: string, transient = false): ReturnCode {
  return transient ? { name, code, cause, remedy, transient } : { name, code, cause, remedy }
}

/** A mechanism that is listed and refused all the same (FIPS modes do that): another one may be taken. */
export const MECHANISM_REFUSED: ReadonlySet<string> = new Set([
  'CKR_MECHANISM_INVALID',
  'CKR_FIPS_MECHANISM_INVALID',
  'CKR_MECHANISM_INVALID_FOR_FP',
])

/** Remedies that several codes share. */
export const DEFECT =
  'Run the command again with --trace and report it with the trace: the agent made a call this module does not take.'
export const REPLUG =
  'Plug the device in again (or restart its service) and resume the run: the key, if it was made, is found again.'
export const FREE_SESSIONS = 'Close other programs that use the device, then try again.'
export const TEMPLATE =
  'Check that the module is the one for this device and that its version is supported (hsm-enroll doctor).'
