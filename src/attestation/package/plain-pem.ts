import { decodeBase64Lines, LF } from './base64-lines.ts'
import { BoundedCache, cacheKey } from './bounded-cache.ts'
import { SeenBefore } from './seen-before.ts'

const BEGIN = Buffer.from('-----BEGIN CERTIFICATE-----\n')
const END = Buffer.from('-----END CERTIFICATE-----')
const CR = 0x0d

/**
 * The common form of a package, and the quick one for batches: certificates in PEM alone, one after another, base64 in lines of 64.
 * Undefined where anything else stands there: it may still be PEM.
 */
export function readPlainPem(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  const leaf = readBlock(bytes, 0)
  if (leaf === undefined) return undefined
  if (leaf.next === bytes.length) return [leaf.der]
  const rest = readTail(Buffer.from(bytes.buffer, bytes.byteOffset + leaf.next, bytes.length - leaf.next))
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
  if (text.length > MAX_TAIL || !seen.again(text)) return readBlocks(text)
  if (lastTail?.text.equals(text) === true) return lastTail.certificates
  const key = cacheKey(text)
  let tail = tails.get(key)
  if (tail === undefined) {
    const certificates = readBlocks(text)?.map((der) => Uint8Array.from(der))
    if (certificates === undefined) return undefined
    tail = { text: Buffer.from(text), certificates }
    tails.set(key, tail)
  }
  lastTail = tail
  return tail.certificates
}

function readBlocks(text: Uint8Array): readonly Uint8Array[] | undefined {
  const certificates: Uint8Array[] = []
  for (let at = 0; at < text.length; ) {
    const block = readBlock(text, at)
    if (block === undefined) return undefined
    certificates.push(block.der)
    at = block.next
  }
  return certificates
}

function readBlock(text: Uint8Array, at: number): { readonly der: Uint8Array; readonly next: number } | undefined {
  if (!standsAt(text, at, BEGIN)) return undefined
  const body = decodeBase64Lines(text, at + BEGIN.length)
  if (body === undefined || !standsAt(text, body.next, END)) return undefined
  let next = body.next + END.length
  while (text[next] === LF || text[next] === CR) next++
  return { der: body.octets, next }
}

function standsAt(text: Uint8Array, at: number, word: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (text[at + i] !== word[i]) return false
  return true
}
