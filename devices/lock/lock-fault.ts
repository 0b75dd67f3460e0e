/**
 * A lock that could not even be tried. `message` follows "Could not lock FILE: "; `remedy` is a whole sentence.
 * Never thrown for a lock that somebody holds.
 */
export class LockFault extends Error {
  override readonly name = 'LockFault'
  readonly remedy: string

  constructor(message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.remedy = remedy
  }
}
