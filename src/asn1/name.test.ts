import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EnrollError } from '../errors.ts'
import { oid, sequence, setOf, tlv } from './der-writer.ts'
import { encodeName, formatName, nameValues, parseName, parseNameText, printName } from './name.ts'

/** RFC 4514 section 4. */
const RFC_4514 = [
  'UID=jsmith,DC=example,DC=net',
  'OU=Sales+CN=J.  Smith,DC=example,DC=net',
  'CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net',
  'CN=Before\\0dAfter,DC=example,DC=net',
]

describe('the string types of X.520', () => {
  const named = (tag: number, content: Uint8Array) => sequence(setOf(sequence(oid('2.5.4.3'), tlv(tag, content))))

  // biome-ignore format: a table
  it.each<readonly [string, number, Uint8Array, string]>([
    ['UniversalString', 0x1c, Buffer.from('0000004100000107000000e90001f511', 'hex'), 'CN=Aćé🔑'.replace('🔑', '\u{1f511}')],
    ['BMPString', 0x1e, Buffer.from('0041010700e9', 'hex'), 'CN=Aćé'],
    ['TeletexString', 0x14, Buffer.from('41e9', 'hex'), 'CN=Aé'],
    ['UTF8String', 0x0c, Buffer.from('Aćé'), 'CN=Aćé'],
  ])('%s is read', (_, tag, content, text) => expect(printName(named(tag, content))).toBe(text))

  it.each([
    ['cut off', '00000041000000'],
    ['beyond Unicode', '00110000'],
    ['half of a surrogate pair', '0000d83d'],
  ])('a UniversalString that is %s is not', (_, hex) => {
    expect(() => parseName(named(0x1c, Buffer.from(hex, 'hex')))).toThrow(/CN/)
  })
})

describe('names in RFC 4514 text', () => {
  it.each(RFC_4514)('%s reads and writes back as it stands', (text) => {
    expect(formatName(parseNameText(text))).toBe(text)
  })

  it('reads escaped octets as UTF-8 (RFC 4514 section 4, LU\\C4\\8DI\\C4\\87)', () => {
    expect(formatName(parseNameText('SN=Lu\\C4\\8Di\\C4\\87'))).toBe('SN=Lučić')
  })

  it('is read by openssl as it was meant', () => {
    const der = encodeName(parseNameText('CN=Acme\\, Inc. \\"Zoë\\",OU=A\\+B,O=Acme,L=München,C=DE'))
    // A name alone is no file type of openssl, so it is shown through asn1parse, value by value.
    const text = execFileSync('openssl', ['asn1parse', '-inform', 'DER'], { input: der, encoding: 'utf8' })
    const values = [...text.matchAll(/(PRINTABLESTRING|UTF8STRING)\s+:(.*)/g)].map((match) => match[2])
    expect(values).toEqual(['DE', 'München', 'Acme', 'A+B', 'Acme, Inc. "Zoë"'])
  })

  it.each(['CN', '=x', 'CN=', 'XX=y', 'CN=a\\', 'CN="a', 'CN=a,,C=NL', 'CN=#0c0161'])(
    'refuses %s with a remedy',
    (text) => {
      expect(() => parseNameText(text)).toThrow(EnrollError)
    },
  )

  it('accepts aliases, any case, blanks and quotation marks', () => {
    expect(formatName(parseNameText('cn = "Smith, J" , e=a@b.example; c=NL'))).toBe(
      'CN=Smith\\, J,emailAddress=a@b.example,C=NL',
    )
  })

  it('finds the values of one type', () => {
    expect(nameValues(parseNameText('CN=a,OU=b,OU=c,C=NL'), 'ou')).toEqual(['c', 'b'])
  })

  it('comes back from DER and from text, whatever the values', () => {
    const value = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
    const type = fc.constantFrom('2.5.4.3', '2.5.4.10', '2.5.4.11', '1.2.3.4')
    fc.assert(
      fc.property(fc.array(fc.tuple(type, value), { minLength: 1, maxLength: 5 }), (pairs) => {
        const name = pairs.map(([oid, text]) => [{ oid, value: text }])
        expect(parseName(encodeName(name))).toEqual(name)
        expect(parseNameText(formatName(name))).toEqual(name)
      }),
    )
  })

  it.each([
    ['CN=\\ ', ' '],
    ['CN=\\ \\ ', '  '],
    ['CN=a\\\\ ', 'a\\'],
    ['CN=a\\\\\\ ', 'a\\ '],
    ['CN=\\#a b', '#a b'],
  ])('keeps the blanks that are escaped and no other: %s', (text, value) => {
    expect(nameValues(parseNameText(text), 'CN')).toEqual([value])
  })

  it.each(['C=Ñ,CN=a', 'CN=a,serialNumber=ä', 'CN=a,emailAddress=zoë@a.example', 'CN=a,C=漢'])(
    'writes no string type that cannot hold the value: %s',
    (text) => {
      expect(() => encodeName(parseNameText(text))).toThrow(/Could not write the name/)
    },
  )

  it('shows a name that cannot be read as hex', () => {
    expect(printName(Uint8Array.of(0x30, 0x02, 0x31, 0x00))).toBe('#30023100')
  })
})
