import { EXIT, type ExitCode } from '../errors.ts'

/** An unknown outcome outranks everything: somebody must look. Waiting outranks nothing but success. */
export function worseExit(before: ExitCode, now: ExitCode): ExitCode {
  if (now === EXIT.done || before === EXIT.unknown) return before
  if (now === EXIT.pending && before !== EXIT.done) return before
  return now
}
