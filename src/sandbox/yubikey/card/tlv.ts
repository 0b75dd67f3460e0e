/**
 * The BER-TLV of PIV commands (SP 800-73-4 part 2): one- or two-octet tags, lengths that hosts do not always write minimally.
 * `src/asn1` reads strict DER with low tag numbers only, so it does not serve here.
 */
import { ensure, SW } from './status-word.ts'

export interface Tlv {
  readonly tag: number
  readonly value: Uint8Array
}

/** Every value of `bytes`, in order. Throws StatusError 6A80 where it is cut off. */
export function readTlvs(bytes: Uint8Array): readonly Tlv[] {
  const out: Tlv[] = []
  let at = 0
  const next = (): number => {
    const byte = bytes[at++]
    ensure(byte !== undefined, SW.wrongData)
    return byte
  }
  while (at < bytes.length) {
    let tag = next()
    if ((tag & 0x1f) === 0x1f) tag = (tag << 8) | next()
    let length = next()
    if (length >= 0x80) {
      const octets = length & 0x7f
      ensure(octets >= 1 && octets <= 2, SW.wrongData)
      length = 0
      for (let i = 0; i < octets; i++) length = (length << 8) | next()
    }
    ensure(at + length <= bytes.length, SW.wrongData)
    out.push({ tag, value: bytes.subarray(at, at + length) })
    at += length
  }
  return out
}

/** The value of the one TLV with this tag that `bytes` holds and nothing else. Throws StatusError 6A80. */
export function readOne(bytes: Uint8Array, tag: number): Uint8Array {
  const [only, ...rest] = readTlvs(bytes)
  ensure(only?.tag === tag && rest.length === 0, SW.wrongData)
  return only.value
}

export const findTlv = (list: readonly Tlv[], tag: number): Uint8Array | undefined =>
  list.find((item) => item.tag === tag)?.value

export function writeTlv(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  const tagOctets = tag > 0xff ? [tag >> 8, tag & 0xff] : [tag]
  const lengthOctets = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Uint8Array.from([...tagOctets, ...lengthOctets]), ...content])
}
