/** A refusal on its way out: thrown by the endpoints' checks, written by the front. */
export class Refused extends Error {
  readonly code: number
  readonly item?: string

  constructor(code: number, message: string, item?: string) {
    super(message)
    this.code = code
    if (item !== undefined) this.item = item
  }
}

/** The documents' texts for the codes that every endpoint has. */
export const unrecognised = (name: string): Refused => new Refused(-2, `'${name}' is an unrecognised argument!`, name)
export const missing = (name: string): Refused => new Refused(-3, `The '${name}' argument is missing!`, name)
export const invalid = (name: string): Refused =>
  new Refused(-4, `The value of the '${name}' argument is invalid!`, name)
export const notApplicable = (name: string): Refused =>
  new Refused(-83, `'${name}' is not applicable to this order!`, name)
export const permissionDenied = (context: string): Refused =>
  new Refused(-91, `Permission Denied '${context}'`, context)
