/** Text as it leaves other people's programs: UTF-16 from a Windows redirect, a byte order mark, CRLF. */

export interface DecodedText {
  readonly text: string
  /** What was undone, for the reader: `UTF-16`. */
  readonly unwrapped?: string
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what no text holds.
const CONTROLS = /[\0-\x08\x0e-\x1f\x7f]/
const BEYOND_ASCII = /[\x80-\xff]/

/** The text in these bytes, or undefined where they are no text. */
export function decodeText(bytes: Uint8Array): DecodedText | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const [first, second, third] = buffer
  if (first === 0xff && second === 0xfe) return utf16(buffer.subarray(2), 'UTF-16 (little endian)')
  if (first === 0xfe && second === 0xff) return utf16(swapped(buffer.subarray(2)), 'UTF-16 (big endian)')
  if (looksLikeUtf16(buffer, 1)) return utf16(buffer, 'UTF-16 without byte order mark')
  if (looksLikeUtf16(buffer, 0)) return utf16(swapped(buffer), 'UTF-16 without byte order mark')
  const marked = first === 0xef && second === 0xbb && third === 0xbf
  const body = marked ? buffer.subarray(3) : buffer
  const latin1 = body.toString('latin1')
  if (CONTROLS.test(latin1)) return undefined
  try {
    // ASCII reads alike in both.
    const text = BEYOND_ASCII.test(latin1)
      ? new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
      : latin1
    return marked ? { text, unwrapped: 'a byte order mark' } : { text }
  } catch {
    // Not UTF-8: binary.
    return undefined
  }
}

function utf16(buffer: Buffer, unwrapped: string): DecodedText | undefined {
  return buffer.length % 2 === 0 ? { text: buffer.toString('utf16le'), unwrapped } : undefined
}

const swapped = (buffer: Buffer): Buffer =>
  buffer.length % 2 === 0 ? Buffer.from(buffer).swap16() : Buffer.from(buffer)

/** Every second octet of the beginning is zero, the others are printable. */
function looksLikeUtf16(buffer: Buffer, zeroAt: 0 | 1): boolean {
  const head = buffer.subarray(0, 32)
  return (
    head.length >= 8 && head.every((byte, index) => (index % 2 === zeroAt ? byte === 0 : byte >= 0x09 && byte < 0x7f))
  )
}
