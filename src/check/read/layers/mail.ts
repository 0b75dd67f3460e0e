/** Mail (RFC 5322, MIME by RFC 2045 and 2046) and replies that `curl -i` saved: their bodies and attachments, decoded. */
import type { Layer, Part } from '../layer.ts'

const MAX_HEAD = 1 << 16
const MAX_PARTS = 64
const MAX_DEPTH = 8
const HEAD_BEGINS =
  /^(?:From [^\n]{1,200}\r?\n|HTTP\/[\d.]{1,3} \d{3}[^\n]{0,80}\r?\n)?[!-9;-~]{1,60}:[ \t]?[^\n]*\r?\n/
/** Signatures of the mail itself, and pictures in it: never what was meant. */
const NOT_MEANT =
  /^(?:application\/(?:x-)?pkcs7-signature|application\/pgp-signature|image\/|text\/calendar|message\/delivery-status)/

/** The parts of a mail. Undefined where the bytes do not begin with the head of one. */
export const mailLayer: Layer<Uint8Array> = (bytes) => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  if (!HEAD_BEGINS.test(text.slice(0, MAX_HEAD))) return undefined
  const { head, body } = split(text)
  if (body === undefined || !isMailHead(head)) return undefined
  const parts: Part[] = []
  collect(head, body, 0, parts)
  return { parts, note: 'took the parts out of a mail' }
}

const isMailHead = (head: string): boolean =>
  /^(?:MIME-Version|Content-Type|Content-Transfer-Encoding):/im.test(head) ||
  (/^From:/im.test(head) && /^(?:Subject|Date|To):/im.test(head))

/** Head and body, parted by the first empty line. */
function split(entity: string): { readonly head: string; readonly body: string | undefined } {
  const end = /\r?\n[ \t]*\r?\n/.exec(entity.slice(0, MAX_HEAD))
  if (end === null) return { head: entity, body: undefined }
  return { head: entity.slice(0, end.index), body: entity.slice(end.index + end[0].length) }
}

/** A header's value, its folded lines put together; empty where it is absent. */
function header(head: string, name: string): string {
  const line = new RegExp(`^${name}:[ \\t]*([^\\r\\n]*(?:\\r?\\n[ \\t][^\\r\\n]*)*)`, 'im').exec(head)?.[1] ?? ''
  return line.replace(/\r?\n[ \t]+/g, ' ').trim()
}

const parameter = (value: string, name: string): string | undefined => {
  const found = new RegExp(`;\\s*${name}\\*?=(?:"([^"]*)"|([^;\\s]*))`, 'i').exec(value)
  return found?.[1] ?? found?.[2]
}

function collect(head: string, body: string, depth: number, parts: Part[]): void {
  if (parts.length >= MAX_PARTS || depth > MAX_DEPTH) return
  const type = header(head, 'Content-Type')
  const kind = type.toLowerCase()
  const boundary = kind.startsWith('multipart/') ? parameter(type, 'boundary') : undefined
  if (boundary !== undefined && boundary !== '') {
    for (const entity of entitiesOf(body, boundary)) {
      const inside = split(entity)
      // A part may begin with its empty line: no head at all.
      const bare = /^\r?\n/.test(entity)
      collect(bare ? '' : inside.head, bare ? entity : (inside.body ?? ''), depth + 1, parts)
    }
    return
  }
  const decoded = decode(body, header(head, 'Content-Transfer-Encoding').toLowerCase())
  if (kind.startsWith('message/rfc822')) {
    const inside = split(decoded.toString('latin1'))
    collect(inside.head, inside.body ?? '', depth + 1, parts)
    return
  }
  if (NOT_MEANT.test(kind) || decoded.length === 0) return
  const name = parameter(header(head, 'Content-Disposition'), 'filename') ?? parameter(type, 'name')
  parts.push(name === undefined ? { bytes: decoded } : { bytes: decoded, name })
}

/** RFC 2046 5.1.1: lines that begin with `--boundary`; the last has `--` behind it. */
function entitiesOf(body: string, boundary: string): readonly string[] {
  const pieces = `\n${body}`.split(`\n--${boundary}`)
  const entities: string[] = []
  for (const piece of pieces.slice(1, MAX_PARTS + 1)) {
    if (piece.startsWith('--')) break
    entities.push(piece.replace(/^[ \t]*\r?\n/, '').replace(/\r$/, ''))
  }
  return entities
}

/** RFC 2045 6. What is no base64 in base64 is passed over, as mail programs do. */
function decode(body: string, encoding: string): Buffer {
  if (encoding.startsWith('base64')) return Buffer.from(body.replace(/[^A-Za-z0-9+/=]/g, ''), 'base64')
  if (!encoding.startsWith('quoted-printable')) return Buffer.from(body, 'latin1')
  const text = body
    .replace(/[ \t]{1,80}(?=\r?\n)/g, '')
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(text, 'latin1')
}
