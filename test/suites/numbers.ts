/** r and s of a signature as numbers, whatever their encoding, so that one file's numbers can be tried in another encoding. */
import { type DerNode, readDer } from '../../src/asn1/der.ts'
import { DerError } from '../../src/asn1/der-error.ts'
import { sequence, tlv } from '../../src/asn1/der-writer.ts'
import type { Suite, Vector } from './wycheproof.ts'

/** Octets of the group order: FIPS 186-4 D.1.2 for the curves, q of 256 bits in both DSA files. */
const OCTETS: Readonly<Record<string, number>> = {
  'P-256': 32,
  'P-384': 48,
  'P-521': 66,
  'DSA-2048': 32,
  'DSA-3072': 32,
}

export function groupOctets({ key }: Suite): number {
  const octets = OCTETS[key]
  if (octets === undefined) throw new Error(`${key} has no group order`)
  return octets
}

export interface Numbers {
  /** Unsigned, big-endian, each `groupOctets` long. */
  readonly r: Uint8Array
  readonly s: Uint8Array
}

/** Undefined where the encoding is broken, or a number is negative or does not fit into the octets of the group order. */
export function numbersOf(vector: Vector, suite: Suite): Numbers | undefined {
  const octets = groupOctets(suite)
  const { signature } = vector
  if (suite.scheme.encoding === 'p1363') {
    return signature.length === 2 * octets
      ? { r: signature.subarray(0, octets), s: signature.subarray(octets) }
      : undefined
  }
  const [r, s, ...more] = integersOf(signature)
  const [full, other] = [padded(r, octets), padded(s, octets)]
  return full === undefined || other === undefined || more.length > 0 ? undefined : { r: full, s: other }
}

function integersOf(signature: Uint8Array): readonly DerNode[] {
  try {
    const node = readDer(signature)
    return node.tag === 0x30 && node.children.every(({ tag }) => tag === 0x02) ? node.children : []
  } catch (error) {
    if (error instanceof DerError) return []
    throw error
  }
}

function padded(integer: DerNode | undefined, octets: number): Uint8Array | undefined {
  if (integer === undefined || (integer.content[0] ?? 0) >= 0x80) return undefined
  const magnitude = integer.content[0] === 0 ? integer.content.subarray(1) : integer.content
  if (magnitude.length > octets) return undefined
  const out = new Uint8Array(octets)
  out.set(magnitude, octets - magnitude.length)
  return out
}

/** As a Luna writes them: INTEGERs of full length, unsigned, without a leading zero octet (Thales's sample ecc-pkc.p7b). */
export const lunaEncoding = ({ r, s }: Numbers): Uint8Array => sequence(tlv(0x02, r), tlv(0x02, s))
