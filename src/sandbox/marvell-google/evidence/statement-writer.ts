/** Writes CAVIUM_V2 statements, for a test card. */
import { createHash } from 'node:crypto'
import { parsePublicKey } from '../../../asn1/public-key.ts'

const u16 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, index) => {
    bytes.writeUInt16BE(value, index * 2)
  })
  return bytes
}
const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4)
  })
  return bytes
}

/** Attribute number and value, in order. */
export type Attributes = readonly (readonly [number, Uint8Array])[]

export interface StatementObject {
  readonly handle: number
  readonly attributes: Attributes
}

/** Everything before the signature. `signatureLength` is that of the partition's key, for the total. */
export function writeStatement(objects: readonly StatementObject[], signatureLength: number): Uint8Array {
  const bodies = objects.map(({ handle, attributes }) => {
    const list = Buffer.concat(attributes.flatMap(([type, value]) => [u32(type, value.length), value]))
    return Buffer.concat([u32(handle, attributes.length, list.length), list])
  })
  const second = bodies.length > 1 ? 8 + (bodies[0]?.length ?? 0) : 0
  const buffer = Buffer.concat([u16(1, 3, 8, second), ...bodies])
  const handles = objects.map(({ handle }) => u32(0, handle))
  const total = 16 + 8 * objects.length + buffer.length + signatureLength
  return Buffer.concat([u32(0, 3, total, buffer.length), ...handles, buffer])
}

/** OpenSSL's numbers of the curves. */
const NIDS: Readonly<Record<string, number>> = { 'P-256': 415, secp256k1: 714, 'P-384': 715 }
/** Stored lengths of private keys as seen, or near them. */
const STORED_LENGTHS: Readonly<Record<string, number>> = { 'P-256': 0x8a, secp256k1: 0x87, 'P-384': 0xba }

/** What differs between objects; the rest is what every Google statement has. */
export interface ObjectRequest {
  readonly spki: Uint8Array
  readonly half: 'public' | 'private'
  /** SHA-256 (hex) of the version resource name. */
  readonly versionNameSha256: string
  /** Values in place of the usual ones; undefined leaves an attribute out. */
  readonly attributes?: Readonly<Record<number, Uint8Array | undefined>>
}

/** The attribute list of one half of a pair, in the order of genuine statements. */
export function keyAttributes({ spki, half, versionNameSha256, attributes = {} }: ObjectRequest): Attributes {
  const key = parsePublicKey(spki)
  if (key.type === 'other') throw new TypeError('neither RSA nor EC')
  const isPrivate = half === 'private'
  const flag = (value: boolean): Buffer => Buffer.of(value ? 1 : 0)
  const privateFlag = flag(isPrivate)
  const publicFlag = flag(!isPrivate)
  const numbers: Attributes =
    key.type === 'RSA'
      ? [
          [0x120, key.modulus],
          [0x121, u32(key.bits)],
          [0x122, Buffer.from(key.exponent.toString(16).padStart(6, '0'), 'hex')],
        ]
      : [
          [0x120, key.point],
          [0x121, u32(NIDS[key.curve] ?? 0)],
        ]
  const publicLength = key.type === 'RSA' ? 2 * key.modulus.length : key.point.length
  const storedLength = key.type === 'RSA' ? 5 * (key.bits / 16) + 0x242 : (STORED_LENGTHS[key.curve] ?? 0)
  const all: Attributes = [
    [0x000, Buffer.of(isPrivate ? 3 : 2)],
    [0x100, Buffer.of(key.type === 'RSA' ? 0 : 3)],
    [0x001, Buffer.of(2)],
    [0x002, Buffer.of(1)],
    [0x104, publicFlag],
    [0x105, privateFlag],
    [0x106, publicFlag],
    [0x107, privateFlag],
    [0x108, privateFlag],
    [0x10a, publicFlag],
    [0x163, Buffer.of(1)],
    [0x103, privateFlag],
    [0x162, publicFlag],
    [0x003, Buffer.alloc(128).fill('app_key', 0, 7)],
    [
      0x102,
      Buffer.from(createHash('sha256').update(`key ring of ${versionNameSha256}`).digest('hex') + versionNameSha256),
    ],
    [0x161, u32(isPrivate ? storedLength : publicLength)],
    [0x173, createHash('sha1').update(spki).digest().subarray(0, 3)],
    [0x1003, createHash('sha256').update(spki).digest()],
    [0x1000, Buffer.of(0, 0, 0, 0, 0, 0, 0, 2)],
    ...MASKS,
    ...numbers,
    ...(isPrivate && key.type === 'RSA' ? ([[0x80000000, u32(5 * (key.bits / 16))]] as const) : []),
    [0x086, Buffer.of(0)],
    [0x210, Buffer.of(0)],
    [0x10c, Buffer.of(0)],
    [0x165, privateFlag],
    [0x80000002, Buffer.of(0)],
    [0x80000003, Buffer.of(0)],
    [0x164, privateFlag],
  ]
  return all.flatMap(([type, value]) => {
    const chosen = Object.hasOwn(attributes, type) ? attributes[type] : value
    return chosen === undefined ? [] : [[type, chosen] as const]
  })
}

/** Masks of mechanisms per operation: all ones in the last byte. */
const MASKS: Attributes = [0x174, 0x175, 0x176, 0x177, 0x178, 0x179, 0x180].map(
  (type) => [0x80000000 + type, Buffer.concat([Buffer.alloc(31), Buffer.of(0xff)])] as const,
)
