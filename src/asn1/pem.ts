import { EnrollError } from '../errors.ts'

export interface PemBlock {
  readonly label: string
  readonly der: Uint8Array
}

const BEGIN = /^-----BEGIN ([A-Z0-9 #.]+)-----$/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** Text that was meant to be PEM and is not. */
export class PemError extends EnrollError {
  override readonly name = 'PemError'
  constructor(what: string, line: number) {
    super('asn1.pem', `Could not read the PEM at line ${line}: ${what}.`, {
      remedy: 'Copy the whole file, from "-----BEGIN" to "-----END" inclusive.',
    })
  }
}

/**
 * Every block of a text, in order. Lenient about blanks, CRLF, a byte order mark, text between blocks and lines of any
 * length; strict about the content. Returns an empty list where no block begins. Throws PemError.
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
      if (line.startsWith('-----END ')) throw new PemError('a block ends that did not begin', index + 1)
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

function decode(base64: string, line: number): Uint8Array {
  if (base64 === '') throw new PemError('the block is empty', line)
  if (!BASE64.test(base64) || base64.length % 4 !== 0) throw new PemError('the content is not base64', line)
  return Buffer.from(base64, 'base64')
}

/** Lines of 64 characters, LF, a line feed at the end. */
export function writePem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
