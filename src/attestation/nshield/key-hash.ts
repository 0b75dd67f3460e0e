import { digest } from '../../primitives/primitives.ts'
import type { NshieldCurve } from './curves.ts'
import type { NshieldKey } from './key.ts'

const PREFIX = Buffer.from('nFast KeyHash\0', 'latin1')
const SUFFIX = Buffer.from('invented by nCipher 1997\0', 'latin1')
const BLOCK = 64

/**
 * The nCore key hash (SHA-1, 20 bytes) by which nShield names a key: prefix, key type, numbers, suffix (Entrust, "Construction of
 * nCore key hashes"). Reproduces the hashes in both published bundles for RSA, DSA-3072, ECDSA P-256 and P-521.
 */
export const nshieldKeyHash = (key: NshieldKey): Uint8Array =>
  digest('sha1', PREFIX, Buffer.from(`${key.type}00\0`, 'latin1'), ...numbersOf(key), SUFFIX)

function numbersOf(key: NshieldKey): readonly Uint8Array[] {
  switch (key.type) {
    case 'RSA':
      return [block(key.e), block(key.n)]
    case 'DSA':
      return [key.p, key.q, key.g, key.y].map(block)
    case 'ECDSA':
    case 'EC':
      return [curveBlocks(key.curve), block(key.x), block(key.y)]
  }
}

/** Little-endian, zero-padded to a multiple of 64 bytes. Takes big-endian without leading zero. */
function block(number: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(number.length / BLOCK) * BLOCK)
  out.set(number)
  out.subarray(0, number.length).reverse()
  return out
}

const blocks = new Map<number, Buffer>()

/** Two zero words, the field size as a word, then p, a, b, G, order and the cofactor 1. */
function curveBlocks(curve: NshieldCurve): Buffer {
  const known = blocks.get(curve.code)
  if (known !== undefined) return known
  const words = Buffer.alloc(12)
  words.writeUInt32LE(curve.bits, 8)
  const numbers = [curve.p, curve.a, curve.b, curve.gx, curve.gy, curve.order, '01']
  const made = Buffer.concat([words, ...numbers.map((number) => block(Buffer.from(number, 'hex')))])
  blocks.set(curve.code, made)
  return made
}
