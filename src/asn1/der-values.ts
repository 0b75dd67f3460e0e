/** What single values of DER mean. A node's form is checked already (`readDer`); here it is its type and its range. */
import { contentStartOf, type DerNode, endOf, expectTag, hexByte, TAG } from './der.ts'
import { DerError } from './der-error.ts'
import { OctetMemory } from './octet-memory.ts'

/** Dotted decimal. */
export const readOid = ({ source, start }: DerNode, what = 'OBJECT IDENTIFIER'): string => oidAt(source, start, what)

/** The same of the value at `start`, which is checked already. */
export function oidAt(source: Uint8Array, start: number, what: string): string {
  expectTag(source, start, TAG.oid, what)
  return oids.get(source, contentStartOf(source, start), endOf(source, start), dotted)
}

const oids = new OctetMemory<string>(256, 32)

/** Octets of an arc: 128 bits, as a UUID has them (ITU-T X.667, below 2.25). */
const MAX_ARC = 19

function dotted(source: Uint8Array, from: number, to: number): string {
  let text = ''
  let value = 0
  let begin = from
  for (let at = from; at < to; at++) {
    const byte = source[at] ?? 0
    value = value * 128 + (byte & 0x7f)
    if (at - begin >= MAX_ARC) throw new DerError('OBJECT IDENTIFIER has an arc that is too large', from)
    if (byte >= 0x80) continue
    const arc = value > Number.MAX_SAFE_INTEGER ? largeArc(source, begin, at) : value
    if (text === '')
      text = typeof arc === 'number' && arc < 80 ? `${arc < 40 ? 0 : 1}.${arc % 40}` : `2.${minus80(arc)}`
    else text += `.${arc}`
    value = 0
    begin = at + 1
  }
  return text
}

const minus80 = (arc: number | bigint): number | bigint => (typeof arc === 'number' ? arc - 80 : arc - 80n)

function largeArc(source: Uint8Array, from: number, last: number): bigint {
  let value = 0n
  for (let at = from; at <= last; at++) value = value * 128n + BigInt((source[at] ?? 0) & 0x7f)
  return value
}

/** A non-negative INTEGER of at most 48 bits. */
export function readSmallInteger(node: DerNode, what = 'INTEGER'): number {
  const content = node.expect(TAG.integer, what).content
  if ((content[0] ?? 0) >= 0x80) throw node.fail(`${what} is negative`)
  if (content.length > 6) throw node.fail(`${what} is too large`)
  let value = 0
  for (const byte of content) value = value * 256 + byte
  return value
}

/** The magnitude of a non-negative INTEGER: big-endian, no leading zero octet. */
export function readUnsignedBytes(node: DerNode, what = 'INTEGER'): Uint8Array {
  const content = node.expect(TAG.integer, what).content
  if ((content[0] ?? 0) >= 0x80) throw node.fail(`${what} is negative`)
  return content.length > 1 && content[0] === 0 ? content.subarray(1) : content
}

export function readBoolean(node: DerNode, what = 'BOOLEAN'): boolean {
  return node.expect(TAG.boolean, what).content[0] === 0xff
}

export function readOctetString(node: DerNode, what = 'OCTET STRING'): Uint8Array {
  return node.expect(TAG.octetString, what).content
}

export interface BitString {
  readonly unusedBits: number
  readonly bytes: Uint8Array
}

export function readBitString(node: DerNode, what = 'BIT STRING'): BitString {
  const content = node.expect(TAG.bitString, what).content
  return { unusedBits: content[0] ?? 0, bytes: content.subarray(1) }
}

/** A BIT STRING whose bits fill whole octets, as signatures and keys do. */
export function readBitStringOctets(node: DerNode, what = 'BIT STRING'): Uint8Array {
  const { unusedBits, bytes } = readBitString(node, what)
  if (unusedBits !== 0) throw node.fail(`${what} does not fill whole octets`)
  return bytes
}

/** UCS-4, big-endian (X.690 8.23.7). */
function readUniversal(buffer: Buffer, node: DerNode, what: string): string {
  if (buffer.length % 4 !== 0) throw node.fail(`${what} is truncated`)
  const points = Array.from({ length: buffer.length / 4 }, (_, index) => buffer.readUInt32BE(4 * index))
  if (points.some((point) => point > 0x10ffff || (point >= 0xd800 && point < 0xe000))) {
    throw node.fail(`${what} contains what is not a character`)
  }
  return points.map((point) => String.fromCodePoint(point)).join('')
}

/** Any of the string types of X.520, as text. Throws DerError where the octets do not fit the type. */
export function readText(node: DerNode, what = 'string'): string {
  const buffer = Buffer.from(
    node.source.buffer,
    node.source.byteOffset + node.contentStart,
    node.end - node.contentStart,
  )
  switch (node.tag) {
    case TAG.utf8String:
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(buffer)
      } catch {
        throw node.fail(`${what} is not UTF-8`)
      }
    case TAG.printableString:
    case TAG.ia5String:
      if (buffer.some((byte) => byte > 0x7f)) throw node.fail(`${what} is not ASCII`)
      return buffer.toString('latin1')
    case TAG.teletexString:
      return buffer.toString('latin1')
    case TAG.bmpString:
      if (buffer.length % 2 !== 0) throw node.fail(`${what} is truncated`)
      return Buffer.from(buffer).swap16().toString('utf16le')
    case TAG.universalString:
      return readUniversal(buffer, node, what)
    default:
      throw node.fail(`${what} has tag 0x${hexByte(node.tag)}, which is not a string`)
  }
}

/** UTCTime or GeneralizedTime in the one form of RFC 5280 4.1.2.5; milliseconds since 1970. */
export const readTime = ({ source, start }: DerNode, what = 'time'): number => timeAt(source, start, what)

/** The same of the value at `start`, which is checked already. */
export function timeAt(source: Uint8Array, start: number, what: string): number {
  const tag = source[start]
  if (tag !== TAG.utcTime && tag !== TAG.generalizedTime) throw new DerError(`${what} is not a time`, start)
  const yearDigits = tag === TAG.utcTime ? 2 : 4
  const contentStart = contentStartOf(source, start)
  const end = endOf(source, start)
  if (end - contentStart !== yearDigits + 11 || source[end - 1] !== 0x5a) {
    throw new DerError(`${what} is not encoded as RFC 5280 requires`, start)
  }
  for (let at = contentStart; at < end - 1; at++) {
    if (digit(source, at) < 0 || digit(source, at) > 9)
      throw new DerError(`${what} is not encoded as RFC 5280 requires`, start)
  }
  const rest = contentStart + yearDigits
  const year =
    yearDigits === 2
      ? twoDigits(source, contentStart)
      : twoDigits(source, contentStart) * 100 + twoDigits(source, contentStart + 2)
  const fullYear = yearDigits === 2 ? year + (year >= 50 ? 1900 : 2000) : year
  const month = twoDigits(source, rest)
  const day = twoDigits(source, rest + 2)
  const hour = twoDigits(source, rest + 4)
  const minute = twoDigits(source, rest + 6)
  const second = twoDigits(source, rest + 8)
  if (
    fullYear < 100 ||
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > daysIn(fullYear, month) ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  ) {
    throw new DerError(`${what} is not a real date`, start)
  }
  return Date.UTC(fullYear, month - 1, day, hour, minute, second)
}

const digit = (source: Uint8Array, at: number): number => (source[at] ?? 0) - 0x30
const twoDigits = (source: Uint8Array, at: number): number => digit(source, at) * 10 + digit(source, at + 1)

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** GeneralizedTime with seconds, in UTC, perhaps with a fraction that has no trailing zeros (X.690 11.7); milliseconds since 1970. */
export function readGeneralizedTime(node: DerNode, what = 'time'): number {
  const text = Buffer.from(node.expect(TAG.generalizedTime, what).content).toString('latin1')
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{0,8}[1-9])?Z$/.exec(text)
  if (match === null) throw node.fail(`${what} is not encoded as DER requires`)
  const [, year, month, day, hour, minute, second, fraction = ''] = match
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`
  const time = Date.parse(`${iso}Z`)
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 19) !== iso)
    throw node.fail(`${what} is not a real time`)
  return time + Math.floor(Number(`0${fraction}`) * 1000)
}
