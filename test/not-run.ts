import { appendFileSync } from 'node:fs'
import { expect } from 'vitest'

/** Where the reporter looks for what this process had to pass over: `not-run-reporter.ts`. */
export const NOT_RUN_FILE = 'HSM_ENROLL_NOT_RUN_FILE'

export interface NotRun {
  /** The test file. */
  readonly file: string
  readonly needs: string
}

/** Nothing is passed over silently: the reporter counts the tests of this file that are not run, and says what they need. */
export function notRun(needs: string): void {
  const record: NotRun = { file: expect.getState().testPath ?? '', needs }
  const file = process.env[NOT_RUN_FILE]
  if (file === undefined) process.stderr.write(`not run: needs ${needs}\n`)
  else appendFileSync(file, `${JSON.stringify(record)}\n`)
}

/** Whether everything is here that other people's programs are needed for. In CI a missing one is an error. */
export function allHere(missing: readonly string[]): boolean {
  if (missing.length === 0) return true
  const needs = `${missing.join(', ')} (scripts/system-packages.sh installs what Debian has)`
  if (process.env.CI) throw new Error(`missing: ${needs}`)
  notRun(needs)
  return false
}
