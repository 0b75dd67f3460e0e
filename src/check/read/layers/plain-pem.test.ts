import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { writePem } from '../../../asn1/pem.ts'
import { createYubikeyEvidenceIssuer, yubikeyPackage } from '../../../sandbox/yubikey/evidence/issuer.ts'
import type { Peeled } from '../layer.ts'
import { pemLayer } from './pem.ts'
import { plainPemLayer } from './plain-pem.ts'

const issuer = createYubikeyEvidenceIssuer({ serial: 7, firmware: '5.7.4', formFactor: 1 }, { keyType: 'P-256' })
const pair = yubikeyPackage(issuer.root.certificate, issuer.f9Certificate)

/** The outer shape of a certificate. */
const SMALL = writePem('CERTIFICATE', Buffer.from('30053003a00100', 'hex'))

/** With hexadecimal digits in place of octets, whatever array they are in. */
const readable = (peeled: Peeled | undefined): unknown => ({
  parts: [],
  ...peeled,
  items: peeled?.items?.map((item) => ('der' in item ? { ...item, der: Buffer.from(item.der).toString('hex') } : item)),
})

describe('plainPemLayer', () => {
  it('finds what the layer for text finds, or leaves it to that', () => {
    const change = fc.record({
      at: fc.nat(),
      by: fc.constantFrom('\n', '\r', ' ', '=', '-', 'A', 'Q', '_', 'a: ', '\n\n'),
      instead: fc.nat(1),
    })
    let plain = 0
    fc.assert(
      fc.property(fc.array(change, { maxLength: 2 }), fc.integer({ min: 1, max: 2 }), (changes, times) => {
        let text = Buffer.from(pair).toString('latin1').repeat(times)
        for (const { at, by, instead } of changes) {
          const place = at % text.length
          text = text.slice(0, place) + by + text.slice(place + instead)
        }
        const found = plainPemLayer(Buffer.from(text, 'latin1'))
        if (found === undefined) return
        plain++
        expect(readable(found)).toEqual(readable(pemLayer(text)))
      }),
      { numRuns: 500 },
    )
    expect(plain).toBeGreaterThan(50)
  })

  it('judges by the outer shape alone', () => {
    expect(plainPemLayer(Buffer.from(SMALL))?.items).toHaveLength(1)
  })

  it.each([
    ['a request under that label', writePem('CERTIFICATE', Buffer.from('300a3008020100300006032a03', 'hex'))],
    ['unused bits that are set', SMALL.replace('AA==', 'AB==')],
    ['more certificates than are read', Buffer.from(pair).toString('latin1').repeat(33)],
    ['nothing', ''],
  ])('leaves %s to the layer for text', (_what, text) => {
    expect(plainPemLayer(Buffer.from(text, 'latin1'))).toBeUndefined()
  })
})
