/** Something that would stop an enrolment (`blocker`) or that an operator should know (`warning`), with what to do. */
export interface Obstacle {
  readonly severity: 'blocker' | 'warning'
  /** What it stops, if that is not the whole enrolment: a key and a request can still be generated. */
  readonly stops?: 'attestation'
  readonly code: string
  readonly message: string
  readonly remedy: string
}

export const blocker = (code: string, message: string, remedy: string, stops?: 'attestation'): Obstacle =>
  stops === undefined
    ? { severity: 'blocker', code, message, remedy }
    : { severity: 'blocker', stops, code, message, remedy }

export const warning = (code: string, message: string, remedy: string): Obstacle => ({
  severity: 'warning',
  code,
  message,
  remedy,
})

/** Those that apply. */
export const obstacles = (...found: readonly (Obstacle | false | undefined)[]): readonly Obstacle[] =>
  found.filter((each) => each !== undefined && each !== false)
