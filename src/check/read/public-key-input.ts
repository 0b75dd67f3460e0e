import { parsePublicKey } from '../../asn1/public-key.ts'
import { EnrollError } from '../../errors.ts'
import { itemsOf, namesOf } from './contents.ts'
import { openFile } from './open-file.ts'
import { orRefuse } from './unreadable.ts'

const refused = (message: string, remedy: string, cause?: unknown): EnrollError =>
  new EnrollError('public-key.unreadable', message, { remedy, cause })

/**
 * Reads a SubjectPublicKeyInfo in the forms that people have it in.
 *
 * @returns The DER.
 * @throws EnrollError `public-key.unreadable`, `asn1.der` if it is malformed, `input.private-key`.
 * @example
 * ```ts
 * const publicKey = readPublicKey(readFileSync('public-key.pem'))
 * ```
 */
export function readPublicKey(file: Uint8Array): Uint8Array {
  const contents = orRefuse(
    () => openFile(file),
    ({ what, remedy, cause }) => refused(`Could not read the public key: ${what}.`, remedy, cause),
  )
  const keys = itemsOf(contents, 'public-key')
  const [key] = keys
  if (key === undefined) {
    throw refused(
      `Could not find a public key (found: ${namesOf(contents)}).`,
      'Pass a SubjectPublicKeyInfo in PEM ("-----BEGIN PUBLIC KEY-----") or DER.',
    )
  }
  if (keys.length > 1) {
    throw refused(
      `Could not tell which public key is meant: the file holds ${keys.length}.`,
      'Pass a file with the one key.',
    )
  }
  parsePublicKey(key.der)
  return key.der
}
