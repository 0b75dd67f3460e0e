/** Writes DER. Used for requests, certificates and the synthetic evidence of the doubles. */
import { contextTag, TAG } from './der.ts'

export function tlv(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  const header = [tag, ...lengthOctets(length)]
  const out = new Uint8Array(header.length + length)
  out.set(header)
  let at = header.length
  for (const part of content) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return [0x80 | octets.length, ...octets]
}

export const sequence = (...items: readonly Uint8Array[]): Uint8Array => tlv(TAG.sequence, ...items)

/** The order of a SET OF (X.690 11.6). No value is the beginning of another, so that none needs padding. */
export const inDerOrder = (items: readonly Uint8Array[]): Uint8Array[] => [...items].sort(Buffer.compare)

/** SET OF: the items are put in DER order. */
export const setOf = (...items: readonly Uint8Array[]): Uint8Array => tlv(TAG.set, ...inDerOrder(items))

export const explicit = (n: number, item: Uint8Array): Uint8Array => tlv(contextTag(n), item)
export const octetString = (content: Uint8Array): Uint8Array => tlv(TAG.octetString, content)
export const bitString = (content: Uint8Array, unusedBits = 0): Uint8Array =>
  tlv(TAG.bitString, Uint8Array.of(unusedBits), content)
export const boolean = (value: boolean): Uint8Array => tlv(TAG.boolean, Uint8Array.of(value ? 0xff : 0x00))
export const nullValue = (): Uint8Array => tlv(TAG.null)
export const utf8String = (text: string): Uint8Array => tlv(TAG.utf8String, new TextEncoder().encode(text))
export const printableString = (text: string): Uint8Array => tlv(TAG.printableString, Buffer.from(text, 'latin1'))
export const ia5String = (text: string): Uint8Array => tlv(TAG.ia5String, Buffer.from(text, 'latin1'))

/** A non-negative INTEGER from a number or from big-endian magnitude bytes. */
export function integer(value: number | bigint | Uint8Array): Uint8Array {
  let bytes: Uint8Array
  if (value instanceof Uint8Array) bytes = value
  else {
    const hex = value.toString(16)
    bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  }
  let from = 0
  while (from < bytes.length - 1 && bytes[from] === 0) from++
  const magnitude = bytes.subarray(from)
  return (magnitude[0] ?? 0) >= 0x80 || magnitude.length === 0
    ? tlv(TAG.integer, Uint8Array.of(0), magnitude)
    : tlv(TAG.integer, magnitude)
}

export function oid(dotted: string): Uint8Array {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt)
  const octets: number[] = []
  for (const arc of [first * 40n + second, ...rest]) {
    const group = [Number(arc % 128n)]
    for (let high = arc / 128n; high > 0n; high /= 128n) group.unshift(Number(high % 128n) | 0x80)
    octets.push(...group)
  }
  return tlv(TAG.oid, Uint8Array.from(octets))
}

/** UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). */
export function time(date: Date): Uint8Array {
  const digits = date.toISOString().replace(/[-:T]/g, '').slice(0, 14)
  const year = date.getUTCFullYear()
  return year >= 1950 && year < 2050
    ? tlv(TAG.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : tlv(TAG.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'))
}
