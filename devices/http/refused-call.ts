import { DeviceError, type DeviceErrorCode } from '../device.ts'

/** What a reply that is no good one means for an operator. */
export interface Meaning {
  readonly code: DeviceErrorCode
  readonly remedy: string
  /** The same call may succeed later without a person doing anything. */
  readonly transient?: boolean
}

/** The service is busy or broken for now. */
export const LATER: Meaning = {
  code: 'device.busy',
  remedy: 'Wait and resume the run; if the key was created, it is found again by its name.',
  transient: true,
}

/** `vendorCode`: "HTTP 403", with the service's own name of the status where it has one. */
export function refusedCall(message: string, vendorCode: string, meaning: Meaning): DeviceError {
  const { code, remedy, transient = false } = meaning
  return new DeviceError(code, message, { remedy, vendorCode, transient })
}
