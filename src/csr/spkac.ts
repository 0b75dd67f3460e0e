import { readDer, TAG } from '../asn1/der.ts'

/** SignedPublicKeyAndChallenge: the key stands first in what is signed (HTML 5, keygen element). Throws DerError. */
export function spkiOfSpkac(base64: string): Uint8Array {
  const signed = readDer(Buffer.from(base64, 'base64')).at(0, 'PublicKeyAndChallenge')
  return signed.at(0, 'SubjectPublicKeyInfo').expect(TAG.sequence, 'SubjectPublicKeyInfo').bytes
}
