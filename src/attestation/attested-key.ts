import { parsePublicKey } from '../asn1/public-key.ts'
import type { AttestedKey } from './attestation-result.ts'
import { sha256Hex } from './certificate-chain.ts'

/** The attested key for a result, and its short name for the claim `key`: `RSA2048`, `P256`. Throws DerError. */
export function describeAttestedKey(spki: Uint8Array): { readonly attestedKey: AttestedKey; readonly key: string } {
  const publicKey = parsePublicKey(spki)
  const spkiSha256 = sha256Hex(spki)
  switch (publicKey.type) {
    case 'RSA':
      return { attestedKey: { type: 'RSA', bits: publicKey.bits, spkiSha256 }, key: `RSA${publicKey.bits}` }
    case 'EC':
      return { attestedKey: { type: 'EC', curve: publicKey.curve, spkiSha256 }, key: publicKey.curve.replace('-', '') }
    case 'other':
      return { attestedKey: { type: 'other', spkiSha256 }, key: publicKey.name }
  }
}
