/** Device error codes by name, as `devices/yubihsm2/error-code.ts` lists them. */
export const FAILURE = {
  invalidCommand: 0x01,
  invalidData: 0x02,
  invalidSession: 0x03,
  authenticationFailed: 0x04,
  sessionsFull: 0x05,
  sessionFailed: 0x06,
  storageFailed: 0x07,
  wrongLength: 0x08,
  insufficientPermissions: 0x09,
  logFull: 0x0a,
  objectNotFound: 0x0b,
  invalidId: 0x0c,
  invalidOtp: 0x0f,
  objectExists: 0x11,
  algorithmDisabled: 0x12,
} as const

/** A command that the device refuses: becomes the reply `7f 0001 code`. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly code: number

  constructor(code: number) {
    super(`0x${code.toString(16).padStart(2, '0')}`)
    this.code = code
  }
}

export const refuse = (failure: keyof typeof FAILURE): CommandFailure => new CommandFailure(FAILURE[failure])
