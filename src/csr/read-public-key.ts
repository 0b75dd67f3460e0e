import { decodeText } from '../asn1/decode-text.ts'
import { TAG } from '../asn1/der.ts'
import { readPem } from '../asn1/pem.ts'
import { parsePublicKey } from '../asn1/public-key.ts'
import { EnrollError } from '../errors.ts'

/** Reads a SubjectPublicKeyInfo as people have it: PEM (`PUBLIC KEY`; UTF-16, too) or DER. Returns the DER. Throws EnrollError. */
export function readPublicKey(input: Uint8Array): Uint8Array {
  const blocks =
    input[0] === TAG.sequence ? [] : readPem(decodeText(input)?.text ?? Buffer.from(input).toString('latin1'))
  const der = input[0] === TAG.sequence ? input : blocks.find(({ label }) => label === 'PUBLIC KEY')?.der
  if (der === undefined) {
    const found = blocks.map(({ label }) => label).join(', ')
    throw new EnrollError('public-key.unreadable', `Could not find a public key${found && ` (found: ${found})`}.`, {
      remedy: 'Give a SubjectPublicKeyInfo in PEM ("-----BEGIN PUBLIC KEY-----") or DER.',
    })
  }
  parsePublicKey(der)
  return der
}
