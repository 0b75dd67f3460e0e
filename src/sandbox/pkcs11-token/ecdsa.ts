/**
 * CKM_ECDSA: a signature over a given hash value, r and s side by side (PKCS#11 2.40 mechanisms, 2.3.1; FIPS 186-4 6.4).
 * node:crypto signs only what it hashes itself, so the arithmetic stands here. It serves a software double and makes no
 * attempt at constant time.
 */
import { createECDH, type KeyObject, randomBytes } from 'node:crypto'
import { exportJwk } from '../../../devices/export-jwk.ts'
import { curveByJwk, type NamedCurve } from './named-curve.ts'

interface Point {
  readonly x: bigint
  readonly y: bigint
}

const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)
const toBytes = (value: bigint, size: number): Buffer => Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex')
const modulo = (value: bigint, modulus: bigint): bigint => ((value % modulus) + modulus) % modulus

function invert(value: bigint, modulus: bigint): bigint {
  let [a, b] = [modulo(value, modulus), modulus]
  let [x, y] = [1n, 0n]
  while (b !== 0n) {
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  return modulo(x, modulus)
}

/** k times the base point, by OpenSSL. */
function basePointTimes(curve: NamedCurve, k: bigint): Point {
  const ecdh = createECDH(curve.name)
  ecdh.setPrivateKey(toBytes(k, curve.size))
  const point = ecdh.getPublicKey()
  return { x: toBigInt(point.subarray(1, 1 + curve.size)), y: toBigInt(point.subarray(1 + curve.size)) }
}

function add(curve: NamedCurve, a: Point | undefined, b: Point | undefined): Point | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  const { p } = curve
  if (a.x === b.x && modulo(a.y + b.y, p) === 0n) return undefined
  const slope =
    a.x === b.x ? (3n * a.x * a.x - 3n) * invert(2n * a.y, p) : modulo(b.y - a.y, p) * invert(modulo(b.x - a.x, p), p)
  const x = modulo(slope * slope - a.x - b.x, p)
  return { x, y: modulo(slope * (a.x - x) - a.y, p) }
}

function multiply(curve: NamedCurve, k: bigint, point: Point): Point | undefined {
  let result: Point | undefined
  let doubled: Point | undefined = point
  for (let rest = k; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(curve, result, doubled)
    doubled = add(curve, doubled, doubled)
  }
  return result
}

/** The leftmost bits of the hash, as many as the order has. */
function hashToInteger(curve: NamedCurve, hash: Uint8Array): bigint {
  const excess = 8 * hash.length - curve.bits
  return excess > 0 ? toBigInt(hash) >> BigInt(excess) : toBigInt(hash)
}

function readKey(key: KeyObject): { readonly curve: NamedCurve; readonly d?: bigint; readonly q: Point } {
  const jwk = exportJwk(key)
  const curve = curveByJwk(jwk.crv)
  if (curve === undefined) throw new TypeError('not a key on a known curve')
  const coordinate = (text: string | undefined): bigint => toBigInt(Buffer.from(text ?? '', 'base64url'))
  return {
    curve,
    q: { x: coordinate(jwk.x), y: coordinate(jwk.y) },
    d: jwk.d === undefined ? undefined : coordinate(jwk.d),
  }
}

function randomScalar(n: bigint, size: number): bigint {
  return modulo(toBigInt(randomBytes(size + 8)), n - 1n) + 1n
}

/** `privateKey`: EC on a known curve. Returns r || s. */
export function signHash(privateKey: KeyObject, hash: Uint8Array): Uint8Array {
  const { curve, d } = readKey(privateKey)
  if (d === undefined) throw new TypeError('not a private key')
  const { n, size } = curve
  for (;;) {
    const k = randomScalar(n, size)
    const r = modulo(basePointTimes(curve, k).x, n)
    const s = modulo(invert(k, n) * (hashToInteger(curve, hash) + r * d), n)
    if (r !== 0n && s !== 0n) return Buffer.concat([toBytes(r, size), toBytes(s, size)])
  }
}

/** False for any signature that does not verify, of whatever length. */
export function verifyHash(publicKey: KeyObject, hash: Uint8Array, signature: Uint8Array): boolean {
  const { curve, q } = readKey(publicKey)
  const { n, size } = curve
  if (signature.length !== 2 * size) return false
  const r = toBigInt(signature.subarray(0, size))
  const s = toBigInt(signature.subarray(size))
  if (r < 1n || r >= n || s < 1n || s >= n) return false
  const w = invert(s, n)
  const u1 = modulo(hashToInteger(curve, hash) * w, n)
  const u2 = modulo(r * w, n)
  const sum = add(curve, u1 === 0n ? undefined : basePointTimes(curve, u1), multiply(curve, u2, q))
  return sum !== undefined && modulo(sum.x, n) === r
}
