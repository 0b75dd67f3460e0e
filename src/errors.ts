import { ERROR_CODES, type ErrorCode } from './error-codes.ts'

/** What a run ends with. An error's follows from its code, and nothing else picks one. */
export const EXIT = {
  done: 0,
  /** A check refused it; nothing was sent. */
  refused: 1,
  usage: 2,
  device: 3,
  /** The CA refused. */
  ca: 4,
  /** Outcome unknown, a person must look. */
  unknown: 5,
  /** Not issued yet. */
  pending: 6,
  defect: 70,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ended by a full stop, unless it ends itself: a cause may be somebody else's words. */
export const sentence = (text: string): string => text.trimEnd().replace(/[^.!?…]$/, '$&.')

/** Cause and remedy on one line. */
export const withRemedy = (cause: string, remedy: string): string => `${sentence(cause)} Try: ${remedy}`

/**
 * An error that a user can act on: a stable `code` (`area.what`), one line of cause (`message`), one line of remedy.
 * Never holds a secret. Everything that is not one of these, nor a DeviceError, is a defect of ours (exit 70).
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
