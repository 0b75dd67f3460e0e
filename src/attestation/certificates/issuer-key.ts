import { type DerNode, readDer } from '../../asn1/der.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { readUnsignedBytes } from '../../asn1/der-values.ts'
import type { PublicKey } from '../../asn1/public-key.ts'
import { issuerPublicKey, ofIssuerKey } from './shared-keys.ts'

/**
 * The least that a key must be to vouch for another: NIST SP 800-57 part 1, table 2 (112 bits), and SP 800-131A; the exponent as RFC 8017
 * 3.1 has it. Anybody can sign under an even exponent or 1.
 */
const MIN_RSA_BITS = 2048
const MIN_DSA_BITS = { p: 2048, q: 224 } as const
/** Vendors sign with these curves; others may be attested keys, never issuers. */
const CURVES: readonly string[] = ['P-256', 'P-384', 'P-521']
const OID_DSA = '1.2.840.10040.4.1'

/** Why this key (SubjectPublicKeyInfo) is too weak, in any family, to vouch for another; follows "its key ". Undefined if it is not. */
export const issuerKeyFault: (spki: Uint8Array) => string | undefined = ofIssuerKey(faultOf)

function faultOf(spki: Uint8Array): string | undefined {
  const key = issuerPublicKey(spki)
  switch (key?.type) {
    case undefined:
      return 'cannot be read'
    case 'RSA':
      return rsaFault(key)
    case 'EC':
      return CURVES.includes(key.curve) ? undefined : `is on the curve ${key.curve}, which no vendor signs with`
    case 'other':
      return key.oid === OID_DSA ? dsaFault(spki) : `is of the type ${key.name}, which no vendor signs with`
  }
}

function rsaFault({ bits, exponent }: PublicKey & { readonly type: 'RSA' }): string | undefined {
  if (bits < MIN_RSA_BITS) return `is RSA of ${bits} bits; ${MIN_RSA_BITS} is the minimum`
  if (exponent % 2n === 0n) return 'has an even public exponent'
  return exponent < 3n ? `has the public exponent ${exponent}` : undefined
}

/** Dss-Parms: p, q, g (RFC 3279 2.3.2). */
function dsaFault(spki: Uint8Array): string | undefined {
  const sizes = ifReadable(() => {
    const parameters = readDer(spki, { maxSize: 1 << 14 })
      .at(0, 'algorithm')
      .at(1, 'Dss-Parms')
    return { p: bitsOf(parameters.at(0, 'p')), q: bitsOf(parameters.at(1, 'q')) }
  })
  if (sizes === undefined) return 'cannot be read'
  return sizes.p < MIN_DSA_BITS.p || sizes.q < MIN_DSA_BITS.q
    ? `is DSA of ${sizes.p} and ${sizes.q} bits; ${MIN_DSA_BITS.p} and ${MIN_DSA_BITS.q} are the minimum`
    : undefined
}

function bitsOf(node: DerNode): number {
  const number = readUnsignedBytes(node)
  return number.length * 8 - Math.clz32(number[0] ?? 0) + 24
}
