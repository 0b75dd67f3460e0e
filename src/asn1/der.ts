/**
 * Strict DER (X.690 section 10 and 8), written for signed evidence: definite minimal lengths, low tag numbers, minimal
 * INTEGER and OID, BOOLEAN 00 or FF, zero padding bits, no trailing bytes, bounded depth, size and count.
 * Whoever wants BER must go elsewhere.
 */
import { DerError } from './der-error.ts'
import { sameOctets } from './octets.ts'

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** `[n]` as primitive (`implicit` strings) or constructed. */
export const contextTag = (n: number, constructed = true): number => 0x80 | (constructed ? 0x20 : 0) | n

export interface DerLimits {
  /** Bytes of the whole value. Default 1 MiB. */
  readonly maxSize?: number
  /** Nested constructed values. Default 32. */
  readonly maxDepth?: number
  /** Values in all. Default 50,000. */
  readonly maxNodes?: number
}

const CONSTRUCTED = 0x20
const NO_CHILDREN: readonly DerNode[] = []

/** One tag-length-value. Everything inside is checked before there is a node; `children` are made when they are asked for. */
export class DerNode {
  readonly source: Uint8Array
  readonly tag: number
  readonly start: number
  readonly contentStart: number
  readonly end: number
  #children: readonly DerNode[] | undefined

  constructor(source: Uint8Array, start: number) {
    this.source = source
    this.tag = source[start] ?? 0
    this.start = start
    this.contentStart = contentStartOf(source, start)
    this.end = this.contentStart + lengthValue(source, start + 1)
    this.#children = (this.tag & CONSTRUCTED) === 0 ? NO_CHILDREN : undefined
  }

  get children(): readonly DerNode[] {
    this.#children ??= childrenOf(this.source, this.contentStart, this.end)
    return this.#children
  }

  /** Tag, length and value: a view, not a copy. */
  get bytes(): Uint8Array {
    return this.source.subarray(this.start, this.end)
  }

  /** The value alone: a view, not a copy. */
  get content(): Uint8Array {
    return this.source.subarray(this.contentStart, this.end)
  }

  /** Are these the octets of tag, length and value? */
  holds(bytes: Uint8Array): boolean {
    return sameOctets(this.source, this.start, this.end, bytes)
  }

  fail(what: string): DerError {
    return new DerError(what, this.start)
  }

  /** This node, if it has the tag; throws DerError otherwise. */
  expect(tag: number, what: string): this {
    expectTag(this.source, this.start, tag, what)
    return this
  }

  /** Child `index`; throws DerError where there is none. */
  at(index: number, what: string): DerNode {
    const child = this.children[index]
    if (child === undefined) throw this.fail(`${what} is missing`)
    return child
  }
}

export const hexByte = (byte: number): string => byte.toString(16).padStart(2, '0')

/** Reads exactly one value that fills `source`. Throws DerError. */
export function readDer(source: Uint8Array, limits: DerLimits = {}): DerNode {
  const maxSize = limits.maxSize ?? 1 << 20
  if (source.length > maxSize) throw new DerError(`${source.length} bytes, more than ${maxSize}`, 0)
  const end = checkValue(source, 0, source.length, limits.maxDepth ?? 32, { nodes: limits.maxNodes ?? 50_000 })
  if (end !== source.length) throw new DerError(`${source.length - end} bytes follow the value`, end)
  return new DerNode(source, 0)
}

/** Checks the value at `start` with all that it holds, making nothing; returns its end. */
function checkValue(
  source: Uint8Array,
  start: number,
  limit: number,
  depth: number,
  budget: { nodes: number },
): number {
  if (--budget.nodes < 0) throw new DerError('too many values', start)
  const tag = source[start]
  if (tag === undefined || start >= limit) throw new DerError('the value is truncated', start)
  if ((tag & 0x1f) === 0x1f) throw new DerError('high tag numbers are not supported', start)
  const contentStart = start + 1 + lengthOctets(source, start + 1, limit)
  const end = contentStart + lengthValue(source, start + 1)
  if (end > limit) throw new DerError('the value is longer than its container', start)
  if ((tag & CONSTRUCTED) === 0) {
    checkPrimitive(source, tag, start, contentStart, end)
    return end
  }
  if (tag < 0x80 && tag !== TAG.sequence && tag !== TAG.set) {
    throw new DerError(`tag 0x${hexByte(tag)} must not be constructed`, start)
  }
  if (depth === 0) throw new DerError('nested too deep', start)
  for (let at = contentStart; at < end; ) at = checkValue(source, at, end, depth - 1, budget)
  return end
}

/** Where the values that fill `from` to `to` begin; they are checked already. For readers that need no node of each. */
export function startsOf(source: Uint8Array, from: number, to: number): readonly number[] {
  const starts: number[] = []
  for (let at = from; at < to; at = endOf(source, at)) starts.push(at)
  return starts
}

/** Where the value at `start`, which is checked already, ends. */
export const endOf = (source: Uint8Array, start: number): number =>
  contentStartOf(source, start) + lengthValue(source, start + 1)

/** `start`, if the value there has the tag; throws DerError otherwise. */
export function expectTag(source: Uint8Array, start: number, tag: number, what: string): number {
  const found = source[start] ?? 0
  if (found === tag) return start
  throw new DerError(`${what} has tag 0x${hexByte(found)}, expected 0x${hexByte(tag)}`, start)
}

/** The values that fill `from` to `to`, which are checked already. */
function childrenOf(source: Uint8Array, from: number, to: number): readonly DerNode[] {
  let count = 0
  for (let at = from; at < to; at = contentStartOf(source, at) + lengthValue(source, at + 1)) count++
  // Made as long as it is: an array that grows takes room for 17.
  const children = new Array<DerNode>(count)
  for (let index = 0, at = from; index < count; index++) {
    const child = new DerNode(source, at)
    children[index] = child
    at = child.end
  }
  return children
}

/** Where the content begins; the length is checked already. */
export function contentStartOf(source: Uint8Array, start: number): number {
  const first = source[start + 1] ?? 0
  return start + 2 + (first < 0x80 ? 0 : first & 0x7f)
}

/** How many octets the length field at `at` takes; refuses indefinite, non-minimal and oversize lengths. */
function lengthOctets(source: Uint8Array, at: number, limit: number): number {
  const first = at < limit ? source[at] : undefined
  if (first === undefined) throw new DerError('the length is truncated', at)
  if (first < 0x80) return 1
  const count = first & 0x7f
  if (count === 0) throw new DerError('indefinite length', at)
  if (count > 4 || at + count >= limit) throw new DerError('the length is too large or truncated', at)
  if (source[at + 1] === 0 || (count === 1 && (source[at + 1] ?? 0) < 0x80)) {
    throw new DerError('the length is not minimal', at)
  }
  return 1 + count
}

function lengthValue(source: Uint8Array, at: number): number {
  const first = source[at] ?? 0
  if (first < 0x80) return first
  let value = 0
  for (let i = 1; i <= (first & 0x7f); i++) value = value * 256 + (source[at + i] ?? 0)
  return value
}

function checkPrimitive(source: Uint8Array, tag: number, start: number, from: number, to: number): void {
  const length = to - from
  const first = source[from] ?? 0
  switch (tag) {
    case TAG.boolean:
      if (length !== 1 || (first !== 0x00 && first !== 0xff)) throw new DerError('BOOLEAN is neither 00 nor FF', start)
      return
    case TAG.integer:
      if (length === 0) throw new DerError('INTEGER without content', start)
      if (length > 1 && (first === 0x00 || first === 0xff) && first >> 7 === (source[from + 1] ?? 0) >> 7) {
        throw new DerError('INTEGER is not minimal', start)
      }
      return
    case TAG.bitString:
      if (length === 0 || first > 7 || (length === 1 && first !== 0))
        throw new DerError('BIT STRING is malformed', start)
      if (((source[to - 1] ?? 0) & ((1 << first) - 1)) !== 0 && length > 1) {
        throw new DerError('BIT STRING has padding bits that are not zero', start)
      }
      return
    case TAG.null:
      if (length !== 0) throw new DerError('NULL with content', start)
      return
    case TAG.oid:
      checkOid(source, start, from, to)
      return
    case 0x10:
    case 0x11:
      throw new DerError('SEQUENCE and SET must be constructed', start)
    case 0x00:
      throw new DerError('end-of-contents outside BER', start)
    default:
  }
}

function checkOid(source: Uint8Array, start: number, from: number, to: number): void {
  if (from === to || (source[to - 1] ?? 0) >= 0x80) throw new DerError('OBJECT IDENTIFIER is truncated', start)
  for (let at = from, first = true; at < to; at++) {
    const byte = source[at] ?? 0
    if (first && byte === 0x80) throw new DerError('OBJECT IDENTIFIER is not minimal', start)
    first = byte < 0x80
  }
}

/** The children of a SEQUENCE. */
export function readSequence(node: DerNode, what: string): readonly DerNode[] {
  return node.expect(TAG.sequence, what).children
}
