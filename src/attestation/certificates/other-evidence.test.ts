import { expect, it } from 'vitest'
import { OTHERS, otherEvidence } from './other-evidence.ts'

const around = (octets: Uint8Array): Buffer => Buffer.concat([Buffer.alloc(300, 0x30), octets, Buffer.alloc(300, 0x0a)])

it('every other evidence is found by what it holds, wherever that is, and the first row that fits counts', () => {
  expect(OTHERS.length).toBeGreaterThan(10)
  for (const row of OTHERS) {
    const first = OTHERS.find(({ holds }) => row.holds.includes(holds))
    expect(otherEvidence(around(row.holds))).toBe(first)
    expect(otherEvidence(row.holds)).toBe(first)
  }
  const [one, other] = OTHERS.slice(-2)
  expect(one && other && otherEvidence(Buffer.concat([other.holds, one.holds]))).toBe(one)
})

it('a certificate with all of it but the last octet holds none', () => {
  for (const { holds } of OTHERS) expect(otherEvidence(around(holds.subarray(0, -1)))).toBeUndefined()
  expect(otherEvidence(Buffer.alloc(0))).toBeUndefined()
})
