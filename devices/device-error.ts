/** What went wrong at a device, in words that tell an operator what to do. */
export const DEVICE_ERROR_CODES = [
  'device.not-found',
  'device.ambiguous',
  'device.unreachable',
  'device.gone',
  'device.busy',
  'device.uri',
  'device.settings',
  'device.module',
  'device.unsupported',
  'device.refused',
  'device.protocol',
  'device.storage-full',
  'device.audit-log-full',
  'device.obstacle',
  'device.approval-pending',
  'device.aborted',
  'pin.missing',
  'pin.malformed',
  'pin.wrong',
  'pin.final-try',
  'pin.locked',
  'credential.refused',
  'key.exists',
  'key.not-found',
  'key.wrong-type',
  'key.not-attestable',
  'key.exportable',
  'certificate.exists',
  'touch.timeout',
] as const
export type DeviceErrorCode = (typeof DEVICE_ERROR_CODES)[number]

export interface DeviceErrorDetails {
  /** One line: what to do. */
  readonly remedy: string
  readonly cause?: unknown
  /** The vendor's own code, e.g. `CKR_PIN_INCORRECT`, `0x04 authentication failed`, `HTTP 403`. */
  readonly vendorCode?: string
  /** Tries left, where the device tells. */
  readonly triesLeft?: number
  /** True when the very same call may succeed later without a person doing anything. */
  readonly transient?: boolean
}

/** `message` is one line of cause; `remedy` one line of what to do. Never holds a secret. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError'
  readonly code: DeviceErrorCode
  readonly remedy: string
  readonly vendorCode?: string
  readonly triesLeft?: number
  readonly transient: boolean

  constructor(code: DeviceErrorCode, message: string, details: DeviceErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.remedy = details.remedy
    this.transient = details.transient ?? false
    if (details.vendorCode !== undefined) this.vendorCode = details.vendorCode
    if (details.triesLeft !== undefined) this.triesLeft = details.triesLeft
  }
}
