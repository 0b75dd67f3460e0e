import { type ECDSA, ecdsa, weierstrass } from '@noble/curves/abstract/weierstrass.js'
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha224 } from '@noble/hashes/sha2.js'
import type { DigestName } from '../public-numbers.ts'
import { digest } from './digest.ts'

/** NIST SP 800-186 section 3.2.1.2. @noble/curves has it no more; a request may still be signed on it. */
const p224 = ecdsa(
  weierstrass({
    p: 0xffffffffffffffffffffffffffffffff000000000000000000000001n,
    n: 0xffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3dn,
    h: 1n,
    a: 0xfffffffffffffffffffffffffffffffefffffffffffffffffffffffen,
    b: 0xb4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4n,
    Gx: 0xb70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21n,
    Gy: 0xbd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34n,
  }),
  sha224,
)

const CURVES: Readonly<Record<string, ECDSA>> = {
  'P-224': p224,
  'P-256': p256,
  'P-384': p384,
  'P-521': p521,
  secp256k1,
  brainpoolP256r1,
  brainpoolP384r1,
  brainpoolP512r1,
}

/** Is 04 X Y a point of the curve? */
export function isOnCurve(curve: string, point: Uint8Array): boolean {
  try {
    CURVES[curve]?.Point.fromBytes(point).assertValidity()
    return Object.hasOwn(CURVES, curve)
  } catch {
    // Whatever makes the library refuse the point.
    return false
  }
}

/** ECDSA (FIPS 186-5 section 6.4.2); the signature is r || s, each as long as the group order. Both values of s count. */
export function verifyEcdsa(
  name: DigestName,
  curve: string,
  point: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const options = { prehash: false, lowS: false, format: 'compact' } as const
    return CURVES[curve]?.verify(signature, digest(name, data), point, options) ?? false
  } catch {
    // A signature of a wrong length.
    return false
  }
}
