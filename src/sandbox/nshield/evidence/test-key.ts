/**
 * Public keys of a test world as nShield marshals and names them (Entrust: wire format, "Common type formats"; "Construction of nCore
 * key hashes"). Written beside the verifier's reader and never with it, curves from OpenSSL: a fault there must show here.
 */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { readDer } from '../../../asn1/der.ts'
import { parsePublicKey } from '../../../asn1/public-key.ts'
import { bignum, concat, word } from './message-writer.ts'

/** M_KeyType of the public halves. 44 (ECPublic) is what an EC key that may be derived from has; others are 46. */
const KEY_TYPES = { RSA: 1, DSA: 3, EC: 44, ECDSA: 46 } as const
const CURVE_CODES: Readonly<Record<string, number>> = { 'P-256': 4, 'P-384': 5, 'P-521': 6 }

export interface NshieldTestKey {
  readonly type: keyof typeof KEY_TYPES
  readonly curve?: string
  /** As they are marshalled: RSA e, n; DSA p, q, g, y; EC x, y. */
  readonly numbers: readonly bigint[]
}

export function testKeyOf(spki: Uint8Array, ecType: 'EC' | 'ECDSA' = 'ECDSA'): NshieldTestKey {
  const key = parsePublicKey(spki)
  if (key.type === 'RSA') return { type: 'RSA', numbers: [key.exponent, toBigInt(key.modulus)] }
  if (key.type !== 'EC') throw new TypeError('not an RSA or EC key')
  const half = (key.point.length - 1) / 2
  const [x, y] = [key.point.subarray(1, 1 + half), key.point.subarray(1 + half)]
  return { type: ecType, curve: key.curve, numbers: [toBigInt(x), toBigInt(y)] }
}

/** M_KeyData. */
export const keyData = ({ type, curve, numbers }: NshieldTestKey): Uint8Array =>
  concat(
    word(KEY_TYPES[type]),
    ...(curve === undefined ? [] : [curveCode(curve), word(0)]),
    ...numbers.map((number) => bignum(number)),
  )

export function curveCode(curve: string): Uint8Array {
  const code = CURVE_CODES[curve]
  if (code === undefined) throw new TypeError(`no nShield code for ${curve}`)
  return word(code)
}

/** M_KeyHash: 20 bytes. */
export function keyHash({ type, curve, numbers }: NshieldTestKey): Uint8Array {
  const parts = [
    Buffer.from('nFast KeyHash\0'),
    Buffer.from(`${type}00\0`),
    ...(curve === undefined ? [] : curveParts(curve)),
    ...numbers.map(padded),
    Buffer.from('invented by nCipher 1997\0'),
  ]
  return createHash('sha1')
    .update(concat(...parts))
    .digest()
}

/** Two zero words, the size of the field in bits, then p, a, b, the generator, its order and cofactor. */
function curveParts(name: string): readonly Uint8Array[] {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: name, paramEncoding: 'explicit' })
  const parameters = readDer(publicKey.export({ type: 'spki', format: 'der' }))
    .at(0, 'algorithm')
    .at(1, 'parameters')
  const at = (index: number, ...path: readonly number[]): Uint8Array =>
    path.reduce((node, next) => node.at(next, 'parameter'), parameters.at(index, 'parameter')).content
  const base = at(3)
  const half = (base.length + 1) / 2
  const octets = [at(1, 1), at(2, 0), at(2, 1), base.subarray(1, half), base.subarray(half), at(4), at(5)]
  const numbers = octets.map(toBigInt)
  const bits = numbers[0]?.toString(2).length ?? 0
  return [word(0), word(0), word(bits), ...numbers.map(padded)]
}

/** Little-endian, filled up to whole blocks of 64 bytes. */
function padded(number: bigint): Uint8Array {
  const octets = Math.ceil(number.toString(16).length / 2)
  return Buffer.from(number.toString(16).padStart(Math.ceil(octets / 64) * 128, '0'), 'hex').reverse()
}

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
