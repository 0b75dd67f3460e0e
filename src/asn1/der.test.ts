import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDer, TAG } from './der.ts'
import { DerError } from './der-error.ts'
import { readBoolean, readOid, readSmallInteger, readText, readTime, readUnsignedBytes } from './der-values.ts'
import { bitString, integer, octetString, oid, sequence, setOf, time, tlv, utf8String } from './der-writer.ts'

const hex = (text: string): Uint8Array => Buffer.from(text.replace(/ /g, ''), 'hex')

describe('the strict reader refuses', () => {
  it.each([
    ['an empty input', ''],
    ['an indefinite length', '30 80 00 00'],
    ['a long form where the short one fits', '04 81 01 00'],
    ['a length with a leading zero', `04 82 00 80${'00'.repeat(128)}`],
    ['a value that is cut off', '04 05 00'],
    ['a length that is cut off', '04 82 01'],
    ['trailing bytes', '05 00 00'],
    ['a child that is longer than its parent', '30 03 04 05 00'],
    ['a high tag number', '1f 81 01 00'],
    ['end-of-contents', '00 00'],
    ['a primitive SEQUENCE', '10 00'],
    ['a constructed OCTET STRING', '24 03 04 01 00'],
    ['BOOLEAN 01', '01 01 01'],
    ['BOOLEAN of two octets', '01 02 ff ff'],
    ['INTEGER without content', '02 00'],
    ['INTEGER with a needless zero', '02 02 00 7f'],
    ['INTEGER with a needless FF', '02 02 ff 80'],
    ['BIT STRING with eight unused bits', '03 02 08 00'],
    ['BIT STRING with unused bits and no octet', '03 01 01'],
    ['BIT STRING with padding that is not zero', '03 02 04 0f'],
    ['NULL with content', '05 01 00'],
    ['OBJECT IDENTIFIER without content', '06 00'],
    ['OBJECT IDENTIFIER that is cut off', '06 02 2a 86'],
    ['OBJECT IDENTIFIER with a needless octet', '06 03 2a 80 01'],
    ['a length of five octets', '04 85 01 00 00 00 00'],
  ])('%s', (_what, bytes) => {
    expect(() => readDer(hex(bytes))).toThrow(DerError)
  })

  it('a value that is nested too deep, and does not overflow the stack', () => {
    let value: Uint8Array = tlv(0x05)
    for (let i = 0; i < 2000; i++) value = sequence(value)
    expect(() => readDer(value)).toThrow(/nested too deep/)
  })

  it('more values or bytes than the limits allow', () => {
    expect(() => readDer(sequence(...new Array(100).fill(tlv(0x05))), { maxNodes: 100 })).toThrow(/too many values/)
    expect(() => readDer(octetString(new Uint8Array(100)), { maxSize: 100 })).toThrow(/more than 100/)
  })

  it('times that are no dates', () => {
    for (const text of ['250230000000Z', '251301000000Z', '2501010000Z', '250101000000+0100', '250101246000Z']) {
      expect(() => readTime(readDer(tlv(0x17, Buffer.from(text))))).toThrow(DerError)
    }
  })
})

describe('the reader reads', () => {
  // X.690 8.19.5, and the OIDs of this field.
  it.each([
    ['06 03 88 37 03', '2.999.3'],
    ['06 06 2a 86 48 86 f7 0d', '1.2.840.113549'],
    ['06 0a 2b 06 01 04 01 82 c4 0a 03 07', '1.3.6.1.4.1.41482.3.7'],
    ['06 01 4f', '1.39'],
    // The UUID f81d4fae-7dec-11d0-a765-00a0c91e6bf6, as X.667 has it.
    [
      '06 14 69 83 f0 9d a7 eb cf de e0 c7 a1 a7 b2 c0 94 8c c8 f9 d7 76',
      '2.25.329800735698586629295641978511506172918',
    ],
    ['06 0b 69 81 80 80 80 80 80 80 80 80 00', '2.25.9223372036854775808'],
    ['06 0a 81 80 80 80 80 80 80 80 80 50', '2.9223372036854775808'],
  ])('OBJECT IDENTIFIER %s as %s', (bytes, dotted) => {
    expect(readOid(readDer(hex(bytes)))).toBe(dotted)
    expect(Buffer.compare(oid(dotted), hex(bytes))).toBe(0)
  })

  it('no OBJECT IDENTIFIER with an arc that is longer than a UUID', () => {
    const long = hex(`06 15 69 81 ${'80 '.repeat(18)}00`)
    expect(() => readOid(readDer(long))).toThrow(/arc that is too large/)
  })

  // X.690 8.3, and the edges of what is read.
  it.each([
    ['02 01 00', 0],
    ['02 01 7f', 127],
    ['02 02 00 80', 128],
    ['02 04 00 f0 11 9c', 15733148],
    ['02 06 7f ff ff ff ff ff', 2 ** 47 - 1],
  ])('INTEGER %s as %s', (bytes, value) => {
    expect(readSmallInteger(readDer(hex(bytes)))).toBe(value)
    expect(Buffer.compare(integer(value), hex(bytes))).toBe(0)
  })

  it.each(['02 01 80', '02 02 ff 7f', '02 07 00 80 00 00 00 00 00'])('no small INTEGER from %s', (bytes) => {
    expect(() => readSmallInteger(readDer(hex(bytes)))).toThrow(/negative|too large/)
  })

  it('times of both centuries and both types', () => {
    expect(new Date(readTime(readDer(tlv(0x17, Buffer.from('491231235959Z'))))).toISOString()).toBe(
      '2049-12-31T23:59:59.000Z',
    )
    expect(new Date(readTime(readDer(tlv(0x17, Buffer.from('500101000000Z'))))).toISOString()).toBe(
      '1950-01-01T00:00:00.000Z',
    )
    expect(new Date(readTime(readDer(tlv(0x18, Buffer.from('99991231235959Z'))))).toISOString()).toBe(
      '9999-12-31T23:59:59.000Z',
    )
  })

  it('refuses to read a negative INTEGER as unsigned', () => {
    expect(() => readUnsignedBytes(readDer(hex('02 01 80')))).toThrow(/negative/)
    expect(() => readSmallInteger(readDer(hex('02 01 ff')))).toThrow(/negative/)
  })

  it('text that fits its type, and refuses text that does not', () => {
    expect(readText(readDer(utf8String('Zoë')))).toBe('Zoë')
    expect(readText(readDer(hex('1e 04 00 41 26 3a')))).toBe('A☺')
    expect(() => readText(readDer(hex('0c 01 ff')))).toThrow(/UTF-8/)
    expect(() => readText(readDer(hex('13 01 e9')))).toThrow(/ASCII/)
  })

  it('what openssl reads, value for value: a key and the offsets of every part', () => {
    const der = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' })
    const lines = execFileSync('openssl', ['asn1parse', '-inform', 'DER'], { input: der, encoding: 'utf8' })
      .trim()
      .split('\n')
    const nodes: string[] = []
    const walk = (node: ReturnType<typeof readDer>): void => {
      nodes.push(`${node.start}:${node.contentStart - node.start}:${node.end - node.contentStart}`)
      node.children.forEach(walk)
    }
    walk(readDer(der))
    expect(nodes).toEqual(
      lines.map((line) => {
        const [, offset, header, length] = /^\s*(\d+):d=\d+\s+hl=(\d+) l=\s*(\d+)/.exec(line) ?? []
        return `${offset}:${header}:${length}`
      }),
    )
  })
})

describe('whatever the reader accepts', () => {
  it('is what the writer writes: any change of encoding is refused', () => {
    const value = fc.letrec<{ tree: Uint8Array }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.uint8Array({ maxLength: 300 }).map((bytes) => octetString(bytes)),
        fc.bigInt({ min: 0n, max: 1n << 200n }).map((n) => integer(n)),
        fc.uint8Array({ maxLength: 20 }).map((bytes) => bitString(bytes)),
        fc.array(tie('tree'), { maxLength: 5 }).map((items) => sequence(...items)),
        fc.array(tie('tree'), { maxLength: 3 }).map((items) => setOf(...items)),
      ),
    })).tree
    fc.assert(
      fc.property(value, (der) => {
        const rebuild = (node: ReturnType<typeof readDer>): Uint8Array =>
          node.children.length === 0 ? tlv(node.tag, node.content) : tlv(node.tag, ...node.children.map(rebuild))
        return Buffer.compare(rebuild(readDer(der)), der) === 0
      }),
    )
  })

  it('never throws anything but DerError on noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          readDer(bytes)
          return true
        } catch (error) {
          return error instanceof DerError
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('survives the writer: integers, times and booleans come back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 500n }), (n) => {
        const { content } = readDer(integer(n)).expect(TAG.integer, 'INTEGER')
        return (content[0] ?? 0) < 0x80 && BigInt(`0x${Buffer.from(content).toString('hex')}`) === n
      }),
    )
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1950-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          const seconds = Math.floor(date.getTime() / 1000) * 1000
          return readTime(readDer(time(new Date(seconds)))) === seconds
        },
      ),
    )
    expect(readBoolean(readDer(hex('01 01 ff')))).toBe(true)
  })
})
