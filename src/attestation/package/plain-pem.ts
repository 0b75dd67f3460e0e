import { BoundedCache, cacheKey } from './bounded-cache.ts'
import { SeenBefore } from './seen-before.ts'

const BEGIN = Buffer.from('-----BEGIN CERTIFICATE-----')
const END = Buffer.from('-----END CERTIFICATE-----')
const LF = 0x0a
const CR = 0x0d
const EQUALS = 0x3d
const HYPHEN = 0x2d
const UNDERSCORE = 0x5f
/** Characters in a line of base64 and its line feed (RFC 7468). */
const LINE = 65

/**
 * The common form of a package, and the quick one for batches: certificates in PEM alone, one after another, base64 in lines.
 * Undefined where anything else stands there: it may still be PEM.
 */
export function readPlainPem(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const leaf = readBlock(text, 0)
  if (leaf === undefined) return undefined
  if (leaf.next === text.length) return [leaf.der]
  const rest = readTail(text.subarray(leaf.next))
  return rest === undefined ? undefined : [leaf.der, ...rest]
}

interface Tail {
  readonly text: Buffer
  readonly certificates: readonly Uint8Array[]
}

/** What follows the first block stands in many packages alike. The same text gives the same arrays, which is what parsers remember by. */
const tails = new BoundedCache<Tail>(256)
const MAX_TAIL = 16_384
const seen = new SeenBefore()
let lastTail: Tail | undefined

function readTail(text: Buffer): readonly Uint8Array[] | undefined {
  if (lastTail?.text.equals(text) === true) return lastTail.certificates
  if (text.length > MAX_TAIL || !seen.again(text)) return readBlocks(text)
  const key = cacheKey(text)
  let tail = tails.get(key)
  if (tail === undefined) {
    const certificates = readBlocks(text)
    if (certificates === undefined) return undefined
    tail = { text: Buffer.from(text), certificates }
    tails.set(key, tail)
  }
  lastTail = tail
  return tail.certificates
}

function readBlocks(text: Buffer): readonly Uint8Array[] | undefined {
  const certificates: Uint8Array[] = []
  for (let at = 0; at < text.length; ) {
    const block = readBlock(text, at)
    if (block === undefined) return undefined
    certificates.push(block.der)
    at = block.next
  }
  return certificates
}

function readBlock(text: Buffer, at: number): { readonly der: Uint8Array; readonly next: number } | undefined {
  if (!standsAt(text, at, BEGIN)) return undefined
  const from = at + BEGIN.length
  const to = text.indexOf(HYPHEN, from)
  if (to < 0 || !standsAt(text, to, END)) return undefined
  const der = decodeBody(text, from, to)
  if (der === undefined) return undefined
  let next = to + END.length
  while (text[next] === LF || text[next] === CR) next++
  return { der, next }
}

function standsAt(text: Buffer, at: number, word: Buffer): boolean {
  for (let i = 0; i < word.length; i++) if (text[at + i] !== word[i]) return false
  return true
}

/**
 * Base64 in lines, nothing else. Node passes over what is no base64, so anything else among it shows in a length that is short;
 * of the two characters of the URL-safe alphabet, which Node takes, one ends the block and the other is looked for.
 */
function decodeBody(text: Buffer, from: number, to: number): Uint8Array | undefined {
  if (text[from] !== LF || text[to - 1] !== LF) return undefined
  const underscore = text.indexOf(UNDERSCORE, from)
  if (underscore >= 0 && underscore < to) return undefined
  const padding = text[to - 3] === EQUALS ? 2 : text[to - 2] === EQUALS ? 1 : 0
  const der = Buffer.from(text.toString('latin1', from, to), 'base64')
  const whole = der.length > 0 && der.length === ((to - from - lineFeeds(text, from, to)) / 4) * 3 - padding
  return whole ? new Uint8Array(der.buffer, der.byteOffset, der.length) : undefined
}

/** Counted by the places where they must be; where they are elsewhere, one by one. */
function lineFeeds(text: Buffer, from: number, to: number): number {
  const last = to - 1
  let count = 1
  let at = from
  for (; at < last && text[at] === LF; at += LINE) count++
  if (at >= last) return count
  count = 0
  for (let i = from; i < to; i++) if (text[i] === LF) count++
  return count
}
