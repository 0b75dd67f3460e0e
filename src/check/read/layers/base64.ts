import { isBase64 } from '../../../asn1/pem.ts'
import { inner, type Peeled } from '../layer.ts'
import { Unreadable } from '../unreadable.ts'

const DATA_URI = /^data:[\w.+-]{0,60}(?:\/[\w.+-]{0,80})?(?:;[\w-]{1,40}=[^;,]{1,80}){0,4};base64,/i
const BASE64_NOTE = 'decoded base64'
const URL_NOTE = 'decoded base64url: the CA wants base64, with its padding'
/** DER, gzip, PEM or JSON written in hex digits. */
const HEX = /^(?:30|1f8b|2d2d2d2d2d|7b)[0-9a-f]{76,}$/i
const SHORTEST_PIECE = 40

export function dataUriLayer(text: string): Peeled | undefined {
  const trimmed = text.trim()
  const head = DATA_URI.exec(trimmed)?.[0]
  return head === undefined ? undefined : inner(trimmed.slice(head.length), 'took the content out of a data: address')
}

/** Base64 of either alphabet, in lines or not, in quotation marks or not; several values one after another; hex digits. */
export function base64Layer(text: string): Peeled | undefined {
  const trimmed = text.trim()
  const quoted = /^[bBxX]?(["'`])([\s\S]*)\1[,;]?$/.exec(trimmed)?.[2]?.trim() ?? trimmed
  // As PostgreSQL, Python and others write octets: \x3082…, 0x3082…
  const unquoted = quoted.replace(/^(?:\\x|0x)(?=[0-9a-f]{40})/i, '')
  if (!/^[A-Za-z0-9+/=_\s:-]+$/.test(unquoted) || unquoted.includes('-----')) return undefined
  const joined = unquoted.replace(/\s+/g, '')
  const hex = joined.replaceAll(':', '')
  if (hex.length % 2 === 0 && HEX.test(hex)) return inner(Buffer.from(hex, 'hex'), 'decoded hexadecimal digits')
  refuseBlanks(unquoted)
  if (isBase64(joined)) return inner(Buffer.from(joined, 'base64'), BASE64_NOTE)
  const pieces = piecesOf(unquoted)
  if (pieces !== undefined) {
    return { parts: pieces.map((piece) => ({ bytes: Buffer.from(piece, 'base64') })), note: BASE64_NOTE }
  }
  // JSON Web tokens and their kin write it so; where an end was cut off, what is inside shows it.
  if (/^(?:[A-Za-z0-9_-]+|[A-Za-z0-9+/]+)={0,2}$/.test(joined) && joined.replace(/=+$/, '').length % 4 !== 1) {
    return inner(Buffer.from(joined, 'base64url'), URL_NOTE)
  }
  return undefined
}

function refuseBlanks(text: string): void {
  if (!/[A-Za-z0-9+/] +[A-Za-z0-9+/]/.test(text) || !/^[A-Za-z0-9+/=\s]+$/.test(text)) return
  throw new Unreadable(
    'there are blanks inside the base64; each may have been a "+"',
    'Copy it again without going through a web form, or percent-encode it there.',
  )
}

/** Values that end within the text, by padding or by an empty line. */
function piecesOf(text: string): readonly string[] | undefined {
  const pieces = text
    .split(/(?<==)\s*(?=[A-Za-z0-9+/])|\r?\n[ \t]*\r?\n/)
    .map((piece) => piece.replace(/\s+/g, ''))
    .filter((piece) => piece !== '')
  return pieces.length > 1 &&
    pieces.length <= 16 &&
    pieces.every((piece) => piece.length >= SHORTEST_PIECE && isBase64(piece))
    ? pieces
    : undefined
}
