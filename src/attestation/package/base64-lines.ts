/**
 * Base64 in lines of 64 characters (RFC 7468 3), straight from octets to octets. Node.js wants a string, which costs as much as the
 * decoding: of a pair of certificates, this takes 3 µs and Buffer.from(buffer.toString(), 'base64') 6 µs.
 */

export const LF = 0x0a
const EQUALS = 0x3d
const HYPHEN = 0x2d
const LINE = 64

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
/** What is no character of the alphabet has the highest bit. */
const NONE = 0x80
const VALUES = new Uint8Array(256).fill(NONE)
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value

/**
 * What the lines from `from` on hold, up to the first that begins with a hyphen (`next`). Undefined where there is nothing, or anything
 * but whole lines of the alphabet, the last of them shorter or not, padding at its end.
 */
export function decodeBase64Lines(
  text: Uint8Array,
  from: number,
): { readonly octets: Uint8Array; readonly next: number } | undefined {
  let last = from
  while (text[last + LINE] === LF && text[last + LINE + 1] !== HYPHEN) last += LINE + 1
  const end = text.indexOf(LF, last)
  const characters = ((last - from) / (LINE + 1)) * LINE + (end - last)
  if (end - last > LINE || characters <= 0 || characters % 4 !== 0) return undefined
  const padding = text[end - 1] !== EQUALS ? 0 : text[end - 2] === EQUALS ? 2 : 1
  const octets = roomFor((characters / 4) * 3 - padding)
  // The last four are decoded apart: they alone may be padded.
  const tail = end - 4
  let bad = 0
  let to = 0
  for (let line = from; line <= last; line += LINE + 1) {
    const stop = Math.min(line + LINE, tail)
    for (let at = line; at < stop; at += 4) {
      const a = VALUES[text[at] ?? 0] ?? NONE
      const b = VALUES[text[at + 1] ?? 0] ?? NONE
      const c = VALUES[text[at + 2] ?? 0] ?? NONE
      const d = VALUES[text[at + 3] ?? 0] ?? NONE
      bad |= a | b | c | d
      octets[to++] = (a << 2) | (b >> 4)
      octets[to++] = (b << 4) | (c >> 2)
      octets[to++] = (c << 6) | d
    }
  }
  const a = VALUES[text[tail] ?? 0] ?? NONE
  const b = VALUES[text[tail + 1] ?? 0] ?? NONE
  const c = padding === 2 ? 0 : (VALUES[text[tail + 2] ?? 0] ?? NONE)
  const d = padding > 0 ? 0 : (VALUES[text[tail + 3] ?? 0] ?? NONE)
  if (((bad | a | b | c | d) & NONE) !== 0) return undefined
  octets[to++] = (a << 2) | (b >> 4)
  if (padding < 2) octets[to++] = (b << 4) | (c >> 2)
  if (padding < 1) octets[to++] = (c << 6) | d
  return { octets, next: end + 1 }
}

/** Certificates are cut from a common piece, as Buffer's are: an array of its own costs each a microsecond. Who keeps one copies it. */
const PIECE = 1 << 16
let piece = new Uint8Array(PIECE)
let used = 0

function roomFor(length: number): Uint8Array {
  if (length > PIECE) return new Uint8Array(length)
  if (used + length > PIECE) {
    piece = new Uint8Array(PIECE)
    used = 0
  }
  used += length
  return piece.subarray(used - length, used)
}
