/** Every code of a DeviceError, once, with when it occurs: one sentence, for docs/errors.md. A code keeps its meaning for ever. */
// biome-ignore format: a table
export const DEVICE_ERRORS = {
  'device.not-found': 'No device fits the URI.',
  'device.ambiguous': 'More than one device fits the URI.',
  'device.unreachable': 'The device, its connector or its service does not answer.',
  'device.gone': 'The device is no longer there.',
  'device.other': 'The device is not the one that the run began with; it got no secret.',
  'device.busy': 'Another program or session is using the device.',
  'device.lock': 'This host cannot lock the device, so other processes could use it at the same time.',
  'device.uri': 'The device URI is not valid.',
  'device.settings': 'A device setting is not valid.',
  'device.module': 'The PKCS#11 module or the native addon cannot be loaded.',
  'device.unsupported': 'The device cannot do what was asked, such as generate a key of this type.',
  'device.refused': 'The device refused a command.',
  'device.protocol': 'The device answered with something that its protocol does not allow.',
  'device.storage-full': 'The device is full.',
  'device.audit-log-full': 'The audit log of the device is full, and the device refuses to work until the log has been read.',
  'device.obstacle': 'The device reports something that would stop an enrolment later; no key was generated.',
  'device.approval-pending': 'The operation is waiting for approval at the service.',
  'device.aborted': 'The operation on the device was interrupted.',
  'pin.missing': 'A PIN, password or API key is needed and has no source.',
  'pin.malformed': 'The PIN cannot be right (length or characters); it was not sent, and no attempt was used.',
  'pin.wrong': 'The device refused the PIN; an attempt was used.',
  'pin.wrong-before': 'The last PIN sent to the device was wrong, and nobody has confirmed a correction; it was not sent.',
  'pin.final-try': 'Only one PIN attempt is left, and the last one is never used.',
  'pin.locked': 'The PIN is locked.',
  'credential.refused': 'The service refused the credential.',
  'key.exists': 'The location is occupied: a key is never overwritten unless you ask for it.',
  'key.not-found': 'There is no such key on the device.',
  'key.wrong-type': 'The key on the device is of another type.',
  'key.not-attestable': 'The device cannot attest this key.',
  'key.exportable': 'The key could leave the device.',
  'certificate.exists': 'The location of the certificate is occupied.',
  'touch.timeout': 'Nobody touched the device in time.',
} as const

/** A code of a DeviceError: docs/errors.md lists them. */
export type DeviceErrorCode = keyof typeof DEVICE_ERRORS
export const DEVICE_ERROR_CODES = Object.keys(DEVICE_ERRORS) as readonly DeviceErrorCode[]

/** What a DeviceError carries beside its code and its message. */
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

/**
 * What went wrong at a device. `message` is one line of cause; `remedy` one line of what to do. Never holds a secret.
 *
 * @throws Nothing.
 * @example
 * ```ts
 * const spentATry = (error: unknown): boolean => error instanceof DeviceError && error.code === 'pin.wrong'
 * ```
 */
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
