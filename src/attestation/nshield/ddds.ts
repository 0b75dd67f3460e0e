import { malformed } from './message.ts'

/** A value of DDDS, the encoding of nShield warrants, as far as warrants use it. */
export type Ddds =
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'string' | 'symbol'; readonly text: string }
  /** `bytes`: an opaque block. `integer`: an unsigned number, big-endian. */
  | { readonly kind: 'bytes' | 'integer'; readonly bytes: Uint8Array }
  | { readonly kind: 'list'; readonly items: readonly Ddds[] }
  /** Keys are symbols. */
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Ddds> }

const MAX_DEPTH = 8

interface Cursor {
  readonly bytes: Uint8Array
  at: number
}

/**
 * Reads exactly one value that fills `bytes`; any tag that warrants do not use is refused. Throws EvidenceError.
 * Tags: 00-1f small number, 2n string, 3n symbol, 9n list, bn map, c4 symbol and c5 bytes with one length byte,
 * d5 bytes with two, f4 an integer in the bytes value that follows (Entrust warrant format; both published bundles).
 */
export function readDdds(bytes: Uint8Array): Ddds {
  const cursor = { bytes, at: 0 }
  const value = readValue(cursor, MAX_DEPTH)
  if (cursor.at !== bytes.length) throw malformed(`${bytes.length - cursor.at} bytes follow the warrant data`)
  return value
}

function take(cursor: Cursor, length: number): Uint8Array {
  if (length > cursor.bytes.length - cursor.at) throw malformed('the warrant data is truncated')
  const taken = cursor.bytes.subarray(cursor.at, cursor.at + length)
  cursor.at += length
  return taken
}

const takeByte = (cursor: Cursor): number => take(cursor, 1)[0] ?? 0

function takeText(cursor: Cursor, length: number): string {
  const text = Buffer.from(take(cursor, length)).toString('latin1')
  if (!/^[\x20-\x7e]*$/.test(text)) throw malformed('the warrant contains text that is not ASCII')
  return text
}

function readValue(cursor: Cursor, depth: number): Ddds {
  if (depth === 0) throw malformed('the warrant data is nested too deep')
  const tag = takeByte(cursor)
  const low = tag & 0x0f
  if (tag < 0x20) return { kind: 'number', number: tag }
  switch (tag & 0xf0) {
    case 0x20:
      return { kind: 'string', text: takeText(cursor, low) }
    case 0x30:
      return { kind: 'symbol', text: takeText(cursor, low) }
    case 0x90:
      return { kind: 'list', items: Array.from({ length: low }, () => readValue(cursor, depth - 1)) }
    case 0xb0:
      return readMap(cursor, low, depth)
    default:
  }
  switch (tag) {
    case 0xc4:
      return { kind: 'symbol', text: takeText(cursor, takeByte(cursor)) }
    case 0xc5:
      return { kind: 'bytes', bytes: take(cursor, takeByte(cursor)) }
    case 0xd5:
      return { kind: 'bytes', bytes: take(cursor, takeByte(cursor) * 256 + takeByte(cursor)) }
    case 0xf4: {
      const inner = readValue(cursor, depth - 1)
      if (inner.kind !== 'bytes') throw malformed('an integer of the warrant is not a byte block')
      return { kind: 'integer', bytes: inner.bytes }
    }
    default:
      throw malformed(`the warrant data has the unknown tag 0x${tag.toString(16).padStart(2, '0')}`)
  }
}

function readMap(cursor: Cursor, count: number, depth: number): Ddds {
  const entries = new Map<string, Ddds>()
  for (let i = 0; i < count; i++) {
    const key = readValue(cursor, depth - 1)
    if (key.kind !== 'symbol') throw malformed('a key of a warrant map is not a symbol')
    if (entries.has(key.text)) throw malformed(`"${key.text}" appears twice in a warrant map`)
    entries.set(key.text, readValue(cursor, depth - 1))
  }
  return { kind: 'map', entries }
}

/** True for a list of symbols with exactly these names; a nested array stands for a nested list. */
export function isSymbolList(value: Ddds | undefined, names: readonly (string | readonly string[])[]): boolean {
  return (
    value?.kind === 'list' &&
    value.items.length === names.length &&
    value.items.every((item, index) => {
      const name = names[index]
      return typeof name === 'object' ? isSymbolList(item, name) : item.kind === 'symbol' && item.text === name
    })
  )
}
