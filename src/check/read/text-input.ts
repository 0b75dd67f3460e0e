import { decodeText } from '../../asn1/decode-text.ts'
import { EnrollError } from '../../errors.ts'
import { wrongBinary, wrongText } from './layers/wrong-file.ts'

/**
 * A file of lines (a list of profiles, an order form) as people have it: UTF-8 or UTF-16, with or without a byte order mark. `what` is
 * what messages call it. Throws EnrollError `input.unreadable`, by name where it is a file of another kind.
 */
export function readTextFile(bytes: Uint8Array, what: string): string {
  const decoded = decodeText(bytes)
  const wrong = decoded === undefined ? wrongBinary(bytes) : wrongText(decoded.text)
  if (decoded !== undefined && wrong === undefined) return decoded.text.replace(/^\ufeff/, '')
  throw new EnrollError('input.unreadable', `Could not read ${what}: ${wrong?.what ?? 'it is not text'}.`, {
    remedy: 'Save it as plain text, in UTF-8.',
    cause: wrong,
  })
}
