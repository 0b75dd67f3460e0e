import { EnrollError } from '../errors.ts'

/** Bytes that are not the DER they should be. `offset` counts from the start of the outermost value read. */
export class DerError extends EnrollError {
  override readonly name = 'DerError'
  readonly offset: number

  constructor(what: string, offset: number) {
    super('asn1.der', `Could not read the DER at byte ${offset}: ${what}.`, {
      remedy: 'Export the file from the device again, in binary or PEM form, and do not edit it.',
    })
    this.offset = offset
  }
}

/** What `read` gives, or undefined where it meets a DerError: for what may be malformed, and then says nothing. */
export function ifReadable<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}
