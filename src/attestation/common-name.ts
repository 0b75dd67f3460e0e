import { DerError } from '../asn1/der-error.ts'
import { nameValues, parseName } from '../asn1/name.ts'

/** The only common name of a DER name; undefined where there is none, several, or the name cannot be read. */
export function commonNameOf(name: Uint8Array): string | undefined {
  try {
    const values = nameValues(parseName(name), 'CN')
    return values.length === 1 ? values[0] : undefined
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}
