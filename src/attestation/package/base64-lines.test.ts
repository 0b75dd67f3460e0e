import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPem, writePem } from '../../asn1/pem.ts'
import { decodeBase64Lines } from './base64-lines.ts'
import { readPlainPem } from './plain-pem.ts'

const decode = (text: string) => decodeBase64Lines(Buffer.from(text), 0)

describe('base64 in lines', () => {
  it('is read as Node.js reads it, whatever the length', () => {
    for (let length = 1; length < 130; length++) {
      const octets = Buffer.from(Array.from({ length }, (_, index) => (index * 167 + length) & 0xff))
      const lines = octets.toString('base64').replace(/.{1,64}/g, '$&\n')
      expect(decode(`${lines}-`)).toEqual({ octets: new Uint8Array(octets), next: lines.length })
    }
  })

  it.each([
    ['nothing', '\n-'],
    ['no line feed', 'AAAA'],
    ['a longer line', `${'A'.repeat(68)}\n-`],
    ['a shorter line before another', 'AAAA\nAAAA\n-'],
    ['a blank', 'AAA \n-'],
    ['the URL-safe alphabet', 'AA_-\n-'],
    ['padding within', 'AA==AAAA\n-'],
    ['padding alone', '====\n-'],
    ['padding short of four', 'AAA\n-'],
    ['an octet beyond ASCII', 'AAA\u00c1\n-'],
  ])('is not read if there is %s', (_, text) => {
    const read = decode(text)
    // What follows a short line is for the caller: only "-----END" may.
    expect(read === undefined || text[read.next] !== '-').toBe(true)
  })
})

describe('plain PEM', () => {
  it('holds what the lenient reader finds in it, changed as it may be', () => {
    const block = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((der) => writePem('CERTIFICATE', der))
    const change = fc.record({ at: fc.nat(), octet: fc.constantFrom('\n', '=', '-', 'A', '_', ' ', '\r') })
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 3 }), fc.option(change), (blocks, changed) => {
        let text = blocks.join('')
        if (changed !== null) {
          const at = changed.at % text.length
          text = text.slice(0, at) + changed.octet + text.slice(at + 1)
        }
        const plain = readPlainPem(Buffer.from(text, 'latin1'))
        if (changed === null) expect(plain).toHaveLength(blocks.length)
        if (plain !== undefined) expect(plain).toEqual(readPem(text).map(({ der }) => new Uint8Array(der)))
      }),
      { numRuns: 1000 },
    )
  })
})
