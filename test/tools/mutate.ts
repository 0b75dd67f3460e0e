import { gunzipSync, gzipSync } from 'node:zlib'
import { readPem, writePem } from '../../src/asn1/pem.ts'
import { Random } from './random.ts'

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array

const cut = (bytes: Uint8Array, from: number, to: number, insert: Uint8Array = new Uint8Array(0)): Uint8Array =>
  Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(to)])

/** One change of bytes each: flip, set, cut, splice, grow, swap. */
const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => altered(bytes, random, (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => altered(bytes, random, (byte) => byte ^ (1 << random.below(8))),
  (bytes, random) => altered(bytes, random, () => random.pick([0x00, 0xff, 0x7f, 0x80, 0x30, 0x02])),
  (bytes, random) => altered(bytes, random, (byte) => (byte + random.pick([1, 255])) & 0xff),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  (bytes, random) => {
    const from = random.below(bytes.length)
    return cut(bytes, from, from + 1 + random.below(32))
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1)
    return cut(bytes, at, at, random.bytes(1 + random.below(16)))
  },
  (bytes, random) => {
    const from = random.below(bytes.length)
    const piece = bytes.subarray(from, from + 1 + random.below(200))
    const at = random.below(bytes.length + 1)
    return cut(bytes, at, at, piece)
  },
  (bytes, random, other) => {
    const from = random.below(bytes.length)
    const piece = other.subarray(from, from + 1 + random.below(400))
    return cut(bytes, from, from + piece.length, piece)
  },
  (bytes, random, other) =>
    cut(bytes, random.below(bytes.length), bytes.length, other.subarray(random.below(other.length))),
]

function altered(bytes: Uint8Array, random: Random, change: (byte: number) => number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const at = random.below(copy.length)
  copy[at] = change(copy[at] ?? 0) & 0xff
  return copy
}

const isPem = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 11)).toString('latin1') === '-----BEGIN '
const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b
const isJson = (bytes: Uint8Array): boolean => bytes[0] === 0x7b

/**
 * A changed copy. Most changes are made below the wrapping (inside one certificate of a PEM file, one value of a JSON, the content
 * of a gzip), where the signed bytes are; some to the file as it is. `other` is spliced in now and then.
 */
export function mutate(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  if (bytes.length === 0) return random.bytes(8)
  if (random.below(4) > 0) {
    if (isPem(bytes)) return mutatePem(bytes, random, other)
    if (isJson(bytes)) return mutateJson(bytes, random, other)
    if (isGzip(bytes)) return gzipSync(plain(gunzipSync(bytes), random, isGzip(other) ? gunzipSync(other) : other))
  }
  return plain(bytes, random, other)
}

/** One change of the bytes as they are, which `seed` decides. */
export const mutateBytes = (bytes: Uint8Array, seed: number): Uint8Array => plain(bytes, new Random(seed), bytes)

const plain: Mutation = (bytes, random, other) =>
  bytes.length === 0 ? random.bytes(8) : random.pick(MUTATIONS)(bytes, random, other.length === 0 ? bytes : other)

const blocksOf = (bytes: Uint8Array): readonly Uint8Array[] =>
  readPem(Buffer.from(bytes).toString('latin1')).map(({ der }) => der)

function mutatePem(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const blocks = [...blocksOf(bytes)]
  const others = isPem(other) ? blocksOf(other) : [other]
  const at = random.below(blocks.length)
  const choice = random.below(12)
  if (choice === 0) blocks.splice(at, 1)
  else if (choice === 1) blocks.splice(at, 0, random.pick(blocks))
  else if (choice === 2) blocks.splice(at, 1, random.pick(others))
  else if (choice === 3) blocks.reverse()
  else blocks[at] = plain(blocks[at] ?? bytes, random, random.pick(others))
  return Buffer.from(blocks.map((der) => writePem('CERTIFICATE', der)).join(''))
}

/** Base64 of either alphabet is decoded, changed, and encoded again; other text is changed as it is. */
function mutateJson(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString('utf8')
  const strings = [...text.matchAll(/"([A-Za-z0-9+/_=-]{12,})"/g)]
  if (strings.length === 0) return plain(bytes, random, other)
  const found = random.pick(strings)
  const [whole, value = ''] = found
  const urlSafe = !/[+/]/.test(value)
  const changed = Buffer.from(plain(Buffer.from(value, urlSafe ? 'base64url' : 'base64'), random, other))
  const encoded = changed.toString(urlSafe && !value.endsWith('=') ? 'base64url' : 'base64')
  return Buffer.from(`${text.slice(0, found.index)}"${encoded}"${text.slice(found.index + whole.length)}`)
}
