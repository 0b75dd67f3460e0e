import { privateKeyKind } from '../../asn1/private-key.ts'
import { EnrollError } from '../../errors.ts'

/** `name`: of the file or parameter, as it is told to the user. */
const privateKeyError = (name: string, kind: string): EnrollError =>
  new EnrollError('input.private-key', `Could not use ${name}: it holds a private key (${kind}).`, {
    remedy:
      'Nothing here asks for a private key: give the attestation, request or certificate, and keep the key to yourself.',
  })

/** Throws EnrollError `input.private-key` where these bytes are or hold a private key. Asked of every layer of every file. */
export function refusePrivateKey(bytes: Uint8Array, name = 'the file'): void {
  const kind = privateKeyKind(bytes)
  if (kind !== undefined) throw privateKeyError(name, kind)
}
