import { privateKeyKind } from '../../asn1/private-key.ts'
import { EnrollError } from '../../errors.ts'

/** Bytes that are or hold a private key: refused by every command, and not one of them shown. */
export class PrivateKeyFound extends EnrollError {
  override readonly name = 'PrivateKeyFound'
  /** Its form: "PKCS#8". */
  readonly kind: string

  constructor(what: string, kind: string) {
    super('input.private-key', `Could not use ${what}: it contains a private key (${kind}).`, {
      remedy:
        'hsm-enroll never asks for a private key: pass the attestation, request or certificate, and keep the key to yourself.',
    })
    this.kind = kind
  }
}

/** `what`: the file or parameter, as it is told to the user. */
export const privateKeyError = (what: string, kind: string): PrivateKeyFound => new PrivateKeyFound(what, kind)

/** Throws PrivateKeyFound if these bytes are or hold a private key. Asked of every layer of every file. */
export function refusePrivateKey(bytes: Uint8Array, what = 'the file'): void {
  const kind = privateKeyKind(bytes)
  if (kind !== undefined) throw privateKeyError(what, kind)
}
