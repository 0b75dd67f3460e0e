import { EnrollError } from '../../errors.ts'

/** Bytes that hold nothing which is known here. `what` follows "Could not read the attestation: "; each reader gives it its own beginning and code. */
export class Unreadable extends EnrollError {
  override readonly name = 'Unreadable'
  readonly what: string
  /** The bytes had a form that is known, and it is broken: says more than that nothing was recognised. */
  readonly telling: boolean

  constructor(what: string, remedy: string, details: { readonly telling?: boolean; readonly cause?: unknown } = {}) {
    super('input.unreadable', `Could not read the file: ${what}.`, { remedy, cause: details.cause })
    this.what = what
    this.telling = details.telling ?? true
  }
}

/** More than any such file holds: no part of it is judged without the others. */
export class TooMuch extends Unreadable {}

/** What `read` gives; an Unreadable becomes what `rename` makes of it. */
export function orRefuse<Value>(read: () => Value, rename: (fault: Unreadable) => EnrollError): Value {
  try {
    return read()
  } catch (error) {
    throw error instanceof Unreadable ? rename(error) : error
  }
}
