import { EnrollError } from '../errors.ts'

export interface PemBlock {
  readonly label: string
  readonly der: Uint8Array
}

const BEGIN = /^-----BEGIN ([A-Z0-9 #.]+)-----$/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
/** A whole block in one line, as it comes out of a web form, a QR code or a JSON string. */
const WITHIN_LINE = /-----BEGIN ([A-Z0-9 #.]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g

/** Text that was meant to be PEM and is not. */
export class PemError extends EnrollError {
  override readonly name = 'PemError'
  /** Follows "Could not read …: ". */
  readonly what: string

  constructor(what: string, line: number) {
    super('asn1.pem', `Could not read the PEM at line ${line}: ${what}.`, {
      remedy: 'Copy the whole file, from "-----BEGIN" to "-----END" inclusive.',
    })
    this.what = `the PEM at line ${line} is damaged: ${what}`
  }
}

/**
 * Every block of a text, in order. Lenient about blanks, CRLF, a byte order mark, text between blocks, lines of any length and
 * line feeds that were lost or stand there as `\n`; strict about the content. Returns an empty list where no block begins. Throws PemError.
 */
export function readPem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = []
  let label: string | undefined
  let body: string[] = []
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)
  for (const [index, raw] of lines.entries()) {
    const line = raw.trim()
    const begin = BEGIN.exec(line)?.[1]
    if (begin !== undefined) {
      if (label !== undefined) throw new PemError(`"${label}" begins but does not end`, index + 1)
      label = begin
      body = []
    } else if (label === undefined) {
      blocks.push(...blocksWithin(line))
      if (line.startsWith('-----END ')) throw new PemError('a block ends that has not begun', index + 1)
    } else if (line === `-----END ${label}-----`) {
      blocks.push({ label, der: decode(body.join(''), index + 1) })
      label = undefined
    } else if (line.startsWith('-----')) {
      throw new PemError(`"${label}" does not end with its own name`, index + 1)
    } else body.push(line.replace(/\s/g, ''))
  }
  if (label !== undefined) throw new PemError(`"${label}" begins but does not end`, lines.length)
  return blocks
}

/** Prose that only mentions the two lines has no base64 between them, and is passed over as other text is. */
function blocksWithin(line: string): readonly PemBlock[] {
  if (!line.includes('-----BEGIN ')) return []
  return [...line.replaceAll(/\\r|\\n/g, '\n').matchAll(WITHIN_LINE)].flatMap(([, label = '', body = '']) => {
    const base64 = body.replaceAll(/\s/g, '')
    return isBase64(base64) ? [{ label, der: Buffer.from(base64, 'base64') }] : []
  })
}

/** Whole base64 of the standard alphabet, padded, without blanks. */
export const isBase64 = (text: string): boolean => BASE64.test(text) && text.length % 4 === 0

function decode(base64: string, line: number): Uint8Array {
  if (base64 === '') throw new PemError('the block is empty', line)
  if (!isBase64(base64)) throw new PemError('the content is not base64', line)
  return Buffer.from(base64, 'base64')
}

/** Lines of 64 characters, LF, a line feed at the end. */
export function writePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString('base64')
  let lines = ''
  for (let at = 0; at < base64.length; at += 64) lines += `${base64.slice(at, at + 64)}\n`
  return `-----BEGIN ${label}-----\n${lines || '\n'}-----END ${label}-----\n`
}
