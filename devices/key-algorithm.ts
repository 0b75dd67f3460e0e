import { createPublicKey } from 'node:crypto'
import type { KeyAlgorithm } from './device.ts'

const CURVES: Readonly<Record<string, KeyAlgorithm>> = { prime256v1: 'P-256', secp384r1: 'P-384' }

/** What kind of key a SubjectPublicKeyInfo (DER) holds, for a comparison with the kind that was asked for. Throws where it is none. */
export function keyAlgorithmOf(spki: Uint8Array): string {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') return `RSA-${modulusLength}`
  return CURVES[namedCurve ?? ''] ?? 'unknown'
}
