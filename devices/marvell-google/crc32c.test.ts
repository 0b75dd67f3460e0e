import { describe, expect, it } from 'vitest'
import { crc32c } from './crc32c.ts'

describe('CRC-32C', () => {
  // RFC 3720 B.4 and the check value of the CRC catalogue.
  it.each([
    ['123456789', Buffer.from('123456789'), 0xe3069283],
    ['32 zero bytes', Buffer.alloc(32), 0x8a9136aa],
    ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
    ['32 ascending bytes', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ['32 descending bytes', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
    ['nothing', Buffer.alloc(0), 0],
  ])('agrees with the published value for %s', (_name, data, expected) => {
    expect(crc32c(data)).toBe(expected)
  })
})
