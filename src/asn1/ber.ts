/**
 * BER (X.690 8) of wrappers that nobody signed: a PKCS#7 as Java writes it, with indefinite lengths. Values are found, not judged: what is
 * signed inside must be DER, and is read by `der.ts`.
 */
import { DerError } from './der-error.ts'

const CONSTRUCTED = 0x20
const INDEFINITE = 0x80
const MAX_DEPTH = 16
const MAX_NODES = 2000
const END_OF_CONTENTS = 2

/** One value: where it begins, and what it holds. */
export interface BerNode {
  readonly tag: number
  /** Tag, length and value: a view, not a copy. */
  readonly bytes: Uint8Array
  readonly children: readonly BerNode[]
  /** Of indefinite length: such a value is not DER, whatever it holds. */
  readonly indefinite: boolean
}

interface Walk {
  readonly source: Uint8Array
  /** Levels that are opened; below them a value of definite length stays closed. */
  readonly open: number
  nodes: number
}

/** The value at the beginning of `source`, opened `open` levels deep; what follows it is the caller's. Throws DerError. */
export function readBer(source: Uint8Array, open = MAX_DEPTH): BerNode {
  return readValue({ source, open, nodes: MAX_NODES }, 0, source.length, 0)
}

function readValue(walk: Walk, start: number, limit: number, depth: number): BerNode {
  const { source } = walk
  if (--walk.nodes < 0) throw new DerError('too many values', start)
  const tag = source[start]
  const first = source[start + 1]
  if (tag === undefined || first === undefined || start + 2 > limit) throw new DerError('the value is truncated', start)
  if ((tag & 0x1f) === 0x1f) throw new DerError('high tag numbers are not supported', start)
  const constructed = (tag & CONSTRUCTED) !== 0
  if (first !== INDEFINITE) {
    const content = start + 2 + (first < INDEFINITE ? 0 : first & 0x7f)
    const end = content + definiteLength(source, start + 1)
    if (end > limit) throw new DerError('the value is longer than its container', start)
    const children = constructed && depth < walk.open ? readAll(walk, content, end, depth + 1).children : []
    return { tag, bytes: source.subarray(start, end), children, indefinite: false }
  }
  if (!constructed) throw new DerError('indefinite length of a primitive value', start)
  const { children, end } = readAll(walk, start + 2, limit, depth + 1, true)
  return { tag, bytes: source.subarray(start, end), children, indefinite: true }
}

/** The values from `from` on: up to `to`, or up to the end-of-contents octets, which are left out. */
function readAll(
  walk: Walk,
  from: number,
  to: number,
  depth: number,
  indefinite = false,
): { readonly children: readonly BerNode[]; readonly end: number } {
  if (depth > MAX_DEPTH) throw new DerError('nested too deep', from)
  const { source } = walk
  const children: BerNode[] = []
  let at = from
  while (at < to) {
    if (indefinite && source[at] === 0 && source[at + 1] === 0) return { children, end: at + END_OF_CONTENTS }
    const child = readValue(walk, at, to, depth)
    children.push(child)
    at += child.bytes.length
  }
  if (indefinite) throw new DerError('the end of a value of indefinite length is missing', from)
  return { children, end: at }
}

function definiteLength(source: Uint8Array, at: number): number {
  const first = source[at] ?? 0
  if (first < INDEFINITE) return first
  const count = first & 0x7f
  if (count > 4) throw new DerError('the length is too large', at)
  let value = 0
  for (let i = 1; i <= count; i++) {
    const octet = source[at + i]
    if (octet === undefined) throw new DerError('the length is truncated', at)
    value = value * 256 + octet
  }
  return value
}
