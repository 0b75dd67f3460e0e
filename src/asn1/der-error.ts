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
