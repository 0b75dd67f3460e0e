import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parsePublicKey } from '../../asn1/public-key.ts'
import { isPointOnCurve } from './point-on-curve.ts'

function key(namedCurve: string): { readonly spki: Buffer; readonly point: Uint8Array } {
  const spki = generateKeyPairSync('ec', { namedCurve }).publicKey.export({ type: 'spki', format: 'der' })
  const parsed = parsePublicKey(spki)
  if (parsed.type !== 'EC') throw new Error('no EC key')
  return { spki, point: Uint8Array.from(parsed.point) }
}

/** What node:crypto says of the same point. */
function isKeyOfNode(spki: Buffer, point: Uint8Array): boolean {
  const changed = Buffer.concat([spki.subarray(0, spki.length - point.length), point])
  try {
    createPublicKey({ key: changed, format: 'der', type: 'spki' })
    return true
  } catch {
    return false
  }
}

describe.each([
  ['P-256', 32],
  ['P-384', 48],
])('a point of %s', (curve, octets) => {
  it('is judged as node:crypto judges it, on the curve and beside it', () => {
    for (let round = 0; round < 20; round++) {
      const { spki, point } = key(curve)
      expect(isPointOnCurve(curve, point)).toBe(true)
      const at = 1 + ((round * 7) % (2 * octets))
      point[at] = (point[at] ?? 0) ^ 0x01
      expect(isPointOnCurve(curve, point)).toBe(isKeyOfNode(spki, point))
      expect(isPointOnCurve(curve, point)).toBe(false)
    }
  })

  it('is none where a coordinate is not below p, or there is no point at all', () => {
    const { point } = key(curve)
    const tooLarge = Uint8Array.from(point).fill(0xff, 1, 1 + octets)
    expect(isPointOnCurve(curve, tooLarge)).toBe(false)
    expect(isPointOnCurve(curve, new Uint8Array(1 + 2 * octets).fill(4, 0, 1))).toBe(false)
    expect(isPointOnCurve(curve, Uint8Array.of(0))).toBe(false)
    expect(isPointOnCurve(curve, Uint8Array.of(4))).toBe(false)
    expect(isPointOnCurve(curve, point.subarray(0, point.length - 1))).toBe(false)
  })
})

it('of a curve that is not in the table is not judged', () => {
  expect(isPointOnCurve('P-521', key('P-521').point)).toBeUndefined()
  expect(isPointOnCurve('toString', new Uint8Array(65))).toBeUndefined()
})
