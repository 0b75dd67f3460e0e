import { verifyRemembered } from '../certificates/remembered-signature.ts'
import type { SignatureScheme } from '../certificates/signature-algorithm.ts'
import { verifySignature } from '../certificates/verify-signature.ts'
import { type NshieldKey, nshieldKeyInfo } from './key.ts'
import { NcoreReader } from './message.ts'

/** Signature mechanisms (M_Mech) seen in signatures of worlds and modules. Others are refused by number. */
const NSHIELD_MECHANISMS: Readonly<Record<number, { readonly name: string; readonly scheme: SignatureScheme }>> = {
  170: { name: 'DSAhSHA256', scheme: { key: 'dsa', hash: 'sha256', encoding: 'p1363' } },
  187: { name: 'ECDSAhSHA512', scheme: { key: 'ec', hash: 'sha512', encoding: 'p1363' } },
}

/** A signature as nShield marshals it (M_CipherText): mechanism, r, s. */
export interface NshieldSignature {
  readonly mechanism: number
  readonly r: Uint8Array
  readonly s: Uint8Array
}

/** Throws EvidenceError. */
export function readSignature(bytes: Uint8Array, what: string): NshieldSignature {
  const reader = new NcoreReader(bytes, what)
  const signature = { mechanism: reader.u32(), r: reader.bignum(), s: reader.bignum() }
  reader.end()
  return signature
}

/** `ok`, or why not, for the detail of a check. */
export type SignatureOutcome = 'ok' | 'unknown mechanism' | 'wrong mechanism' | 'wrong'

/**
 * Verifies under a key that the caller trusts already. `expected`: the mechanism that goes with the key, where it is stated.
 * `shared`: the message belongs to a module or world, and many keys' bundles hold it.
 */
export function verifyNshieldSignature(
  key: NshieldKey,
  signature: NshieldSignature,
  message: Uint8Array,
  { expected, shared = false }: { readonly expected?: number; readonly shared?: boolean } = {},
): SignatureOutcome {
  const mechanism = NSHIELD_MECHANISMS[signature.mechanism]
  if (mechanism === undefined) return 'unknown mechanism'
  if (expected !== undefined && expected !== signature.mechanism) return 'wrong mechanism'
  const octets = groupOctets(key)
  if (octets === undefined || signature.r.length > octets || signature.s.length > octets) return 'wrong'
  const raw = new Uint8Array(2 * octets)
  raw.set(signature.r, octets - signature.r.length)
  raw.set(signature.s, 2 * octets - signature.s.length)
  const verify = shared ? verifyRemembered : verifySignature
  return verify(mechanism.scheme, nshieldKeyInfo(key), message, raw) ? 'ok' : 'wrong'
}

/** Octets of the group order: the length of r and of s. */
function groupOctets(key: NshieldKey): number | undefined {
  switch (key.type) {
    case 'DSA':
      return key.q.length
    case 'ECDSA':
    case 'EC':
      return key.curve.octets
    case 'RSA':
      return undefined
  }
}
