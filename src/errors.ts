import { ERROR_CODES, type ErrorCode } from './error-codes.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

export { EXIT, type ExitCode }

/** Ended by a full stop, unless it ends itself: a cause may be somebody else's words. */
export const sentence = (text: string): string => text.trimEnd().replace(/[^.!?…]$/, '$&.')

/** Cause and remedy on one line. */
export const withRemedy = (cause: string, remedy: string): string => `${sentence(cause)} Try: ${remedy}`

/**
 * An error that a user can act on: a stable `code`, one line of cause (`message`), one line of remedy, and the exit code of the command line.
 * Never holds a secret. Everything that is not one of these, nor a DeviceError, is a defect of hsm-enroll (exit 70).
 *
 * @throws Nothing.
 * @example
 * ```ts
 * const isSecondRun = (error: unknown): boolean =>
 *   error instanceof EnrollError && (error.code === 'run.open' || error.code === 'run.completed')
 * ```
 */
export class EnrollError extends Error {
  override readonly name: string = 'EnrollError'
  readonly code: ErrorCode
  readonly remedy: string
  readonly exitCode: ExitCode

  constructor(code: ErrorCode, message: string, details: { readonly remedy: string; readonly cause?: unknown }) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.remedy = details.remedy
    this.exitCode = EXIT[ERROR_CODES[code].exit]
  }
}
