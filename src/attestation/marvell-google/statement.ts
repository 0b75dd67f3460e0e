import { gunzip } from '../../primitives/primitives.ts'
import type { Gunzipped } from '../../primitives/public-numbers.ts'
import { EvidenceError } from '../contract/evidence-error.ts'

/** A V2 statement (CAVIUM_V2_COMPRESSED), read to the last byte. */
export interface MarvellStatement {
  /** Everything that the partition key signs. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** Two for a key pair (public, private), else one. */
  readonly objects: readonly MarvellObject[]
}

export interface MarvellObject {
  readonly handle: number
  /** Attribute number -> value. */
  readonly attributes: ReadonlyMap<number, Uint8Array>
}

/** A statement that unpacks but is no V2 statement: that gets a verdict, not an exception. */
export class StatementFormatError extends EvidenceError {}

const MAX_UNPACKED = 1 << 16
const MAX_PACKED = 1 << 16
const MAX_ATTRIBUTES = 128
const GZIP_REMEDY =
  'Pass the attestation as Cloud KMS writes it: "gcloud kms keys versions describe … --attestation-file".'

/** Refused by name, wherever it shows. */
export const VERSION_1 = {
  what: 'CAVIUM_V1_COMPRESSED, which cards with firmware before 3.2-08 write, is not supported.',
  remedy: 'Create a new key version: current Cloud HSM cards write CAVIUM_V2_COMPRESSED.',
} as const

const malformed = (what: string): StatementFormatError =>
  new StatementFormatError(
    `The statement is not a CAVIUM_V2_COMPRESSED statement: ${what}.`,
    'Fetch the attestation of the key version again and send it unchanged.',
  )

/** Cheap look: gzip. */
export const looksLikeStatement = (package_: Uint8Array): boolean => package_[0] === 0x1f && package_[1] === 0x8b

/** Unpacks at most 64 KiB. Throws EvidenceError where it is no gzip, or something follows it. */
export function unpackStatement(package_: Uint8Array): Uint8Array {
  const fail = (what: string, cause?: unknown): EvidenceError =>
    new EvidenceError(`Could not read the Marvell attestation: ${what}.`, GZIP_REMEDY, cause)
  if (!looksLikeStatement(package_)) throw fail('it is not compressed with gzip')
  if (package_.length > MAX_PACKED) throw fail(`it has ${package_.length} bytes, more than ${MAX_PACKED}`)
  let found: Gunzipped
  try {
    found = gunzip(package_, MAX_UNPACKED)
  } catch (error) {
    throw fail('it does not decompress, or decompresses to more than any statement has', error)
  }
  const { unpacked, consumed } = found
  if (consumed !== package_.length) throw fail(`${package_.length - consumed} bytes follow the compressed statement`)
  return unpacked
}

/**
 * V2, big-endian (six real statements agree): response 0, request flags 3, total size, buffer size, a 64-bit handle per object; then
 * the info header and the objects; then the signature over all before it. Throws StatementFormatError.
 */
export function parseStatement(bytes: Uint8Array): MarvellStatement {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 16 + 8 + 8 + 12 + 256) throw malformed(`it has only ${bytes.length} bytes`)
  const [response, flags, total, bufferSize] = [0, 4, 8, 12].map((at) => view.readUInt32BE(at))
  const layout = [2, 1].map((count) => layoutFor(view, count, bufferSize ?? 0)).find((found) => found !== undefined)
  if (response !== 0 || flags !== 3 || total !== bytes.length || layout === undefined) {
    throw isVersion1(view)
      ? new StatementFormatError(`The statement has the layout of V1: ${VERSION_1.what}`, VERSION_1.remedy)
      : malformed('its header does not match its length')
  }
  const { infoAt, count, objectsEnd, offsets } = layout
  const objects = offsets.map((offset, index) => {
    const end = index + 1 < count ? infoAt + (offsets[index + 1] ?? 0) : objectsEnd
    const object = readObject(view, infoAt + offset, end)
    const handle = view.readUIntBE(16 + 8 * index + 2, 6)
    if (view.readUInt16BE(16 + 8 * index) !== 0 || handle !== object.handle) throw malformed('the handles differ')
    return object
  })
  return { signed: bytes.subarray(0, objectsEnd), signature: bytes.subarray(objectsEnd), objects }
}

interface Layout {
  readonly infoAt: number
  readonly count: number
  readonly objectsEnd: number
  /** Of the objects, from the info header. */
  readonly offsets: readonly number[]
}

/** Signature lengths of RSA-2048 (every card seen), 3072 and 4096. */
const SIGNATURE_LENGTHS = [256, 384, 512]

/** With `count` objects the info header stands behind as many handles: does everything fit then? */
function layoutFor(view: Buffer, count: number, bufferSize: number): Layout | undefined {
  const infoAt = 16 + 8 * count
  const objectsEnd = infoAt + bufferSize
  if (!SIGNATURE_LENGTHS.includes(view.length - objectsEnd) || bufferSize < 8) return undefined
  const [version, flags, first, second = 0] = [0, 2, 4, 6].map((at) => view.readUInt16BE(infoAt + at))
  if (version !== 1 || flags !== 3 || first !== 8 || (second !== 0) !== (count === 2)) return undefined
  if (count === 2 && (second < 20 || second > bufferSize - 12)) return undefined
  return { infoAt, count, objectsEnd, offsets: count === 2 ? [8, second] : [8] }
}

function readObject(view: Buffer, at: number, end: number): MarvellObject {
  if (at + 12 > end) throw malformed('an object is truncated')
  const [handle = 0, count = 0, size = 0] = [0, 4, 8].map((offset) => view.readUInt32BE(at + offset))
  if (at + 12 + size !== end || count > MAX_ATTRIBUTES) throw malformed('an object does not fill its space')
  const attributes = new Map<number, Uint8Array>()
  let next = at + 12
  for (let left = count; left > 0; left--) {
    if (next + 8 > end) throw malformed('an attribute is truncated')
    const type = view.readUInt32BE(next)
    const length = view.readUInt32BE(next + 4)
    if (length > end - next - 8) throw malformed(`the attribute 0x${type.toString(16)} is truncated`)
    if (attributes.has(type)) throw malformed(`the attribute 0x${type.toString(16)} appears twice`)
    attributes.set(type, view.subarray(next + 8, next + 8 + length))
    next += 8 + length
  }
  if (next !== end) throw malformed(`${end - next} bytes follow the attributes of an object`)
  return { handle, attributes }
}

/**
 * V1 objects stand at a fixed place: 984 (pair) or 24 (one object), as smallstep quotes parse_v1.py; Azure's reader says 20. No sample
 * is known, so any attribute list that fills its own length there will do.
 */
const isVersion1 = (view: Buffer): boolean => [984, 24, 20].some((at) => isObject(view, at))

function isObject(view: Buffer, at: number): boolean {
  if (at + 12 > view.length) return false
  const [, count = 0, size = 0] = [0, 4, 8].map((offset) => view.readUInt32BE(at + offset))
  const end = at + 12 + size
  if (count === 0 || count > MAX_ATTRIBUTES || end > view.length) return false
  let next = at + 12
  for (let left = count; left > 0 && next + 8 <= end; left--) next += 8 + view.readUInt32BE(next + 4)
  return next === end && size >= 9 * count
}

/** An attribute as an unsigned number, or undefined where it is absent or longer than four bytes. */
export function numberOf(object: MarvellObject, attribute: number): number | undefined {
  const value = object.attributes.get(attribute)
  return value === undefined || value.length === 0 || value.length > 4
    ? undefined
    : value.reduce((number, byte) => number * 256 + byte, 0)
}
