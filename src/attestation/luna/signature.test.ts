import { describe, expect, it } from 'vitest'
import { readLunaSignature } from './signature.ts'

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const hex = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString('hex')
/** Numbers of four octets, to keep the examples short. */
const read = (text: string): string | undefined => hex(readLunaSignature(bytes(text), 4))

describe("a Luna leaf's signature", () => {
  it('may have r and s of full length, unsigned', () => {
    expect(read('30 0c 0204 af2c6a01 0204 80000001')).toBe('af2c6a0180000001')
    expect(read('30 0c 0204 00000001 0204 ffffffff')).toBe('00000001ffffffff')
  })

  it('may be plain DER', () => {
    expect(read('30 0e 0205 00af2c6a01 0205 0080000001')).toBe('af2c6a0180000001')
    expect(read('30 08 0201 01 0203 00ff01')).toBe('000000010000ff01')
    expect(read('30 0b 0204 7f2c6a01 0203 2c6a01')).toBe('7f2c6a01002c6a01')
  })

  it.each([
    ['shorter than full length and negative', '30 0b 0203 af2c6a 0204 80000001'],
    ['shorter than full length and not minimal', '30 0b 0203 002c6a 0204 80000001'],
    ['two leading zero octets', '30 0d 0205 00002c6a01 0204 80000001'],
    ['longer than the group order', '30 0d 0205 01af2c6a01 0204 80000001'],
    ['r is zero', '30 0c 0204 00000000 0204 80000001'],
    ['s is zero in DER', '30 09 0204 7f000001 0201 00'],
    ['a third number', '30 0f 0204 af2c6a01 0204 80000001 0201 01'],
    ['bytes after it', '30 0c 0204 af2c6a01 0204 80000001 00'],
    ['cut off', '30 0c 0204 af2c6a01 0204 800000'],
    ['a length that is not minimal', '30 81 0c 0204 af2c6a01 0204 80000001'],
    ['no SEQUENCE', '31 0c 0204 af2c6a01 0204 80000001'],
    ['nothing', ''],
    ['an empty number', '30 08 0200 0204 80000001'],
  ])('is refused: %s', (_, text) => expect(read(text)).toBeUndefined())
})
