/**
 * `Buffer` where there is no Node.js: the build puts this export wherever `Buffer` is named. The package of that name does not know
 * base64url, takes `0Y` for a hexadecimal pair, and counts the replacement characters of damaged UTF-8 its own way (WHATWG Encoding: one
 * for each maximal subpart); all three are put right here.
 */
import { Buffer } from 'buffer/index.js'

const { from, prototype } = Buffer
const asText = prototype.toString
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const DIGITS = ['hex', 'base64', 'base64url']
const UTF8 = [undefined, 'utf8', 'utf-8']

/** Node.js looks at the low octet of every UTF-16 unit alone; of hexadecimal digits it reads up to the first pair that is none. */
function digits(text: string, encoding: unknown): string {
  const low = text.replace(/[^\0-\xff]/g, (unit) => String.fromCharCode(unit.charCodeAt(0) & 0xff))
  return encoding === 'hex' ? (/^(?:[0-9A-Fa-f]{2})*/.exec(low)?.[0] ?? '') : low
}

Object.assign(Buffer, {
  from: (value: unknown, encoding: unknown, length: unknown): unknown => {
    if (typeof value !== 'string' || !DIGITS.includes(String(encoding)))
      return Reflect.apply(from, Buffer, [value, encoding, length])
    return Reflect.apply(from, Buffer, [digits(value, encoding), encoding === 'hex' ? 'hex' : 'base64'])
  },
})

Object.assign(prototype, {
  toString(this: Uint8Array, encoding?: string, start = 0, end = this.length): string {
    if (UTF8.includes(encoding)) return utf8.decode(this.subarray(start, end))
    if (encoding !== 'base64url') return Reflect.apply(asText, this, [encoding, start, end])
    const base64: string = Reflect.apply(asText, this, ['base64', start, end])
    return base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
  },
})

export { Buffer }
