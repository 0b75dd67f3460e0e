import { describe, expect, it } from 'vitest'
import { OctetMemory } from './octet-memory.ts'

const octets = (index: number): Uint8Array => Uint8Array.of(index >> 8, index & 0xff)

/** What is asked for, and how often it had to be read. */
function asked(memory: OctetMemory<string>, indices: readonly number[]): { answers: readonly string[]; reads: number } {
  let reads = 0
  const read = (source: Uint8Array, from: number, to: number): string => {
    reads++
    return Buffer.from(source.subarray(from, to)).toString('hex')
  }
  const answers = indices.map((index) => memory.get(octets(index), 0, 2, read))
  return { answers, reads }
}

describe('OctetMemory', () => {
  it('answers for these octets alone, whatever it has kept', () => {
    const indices = Array.from({ length: 5000 }, (_, index) => (index * 7919) % 1000)
    const { answers } = asked(new OctetMemory<string>(16, 4), indices)
    expect(answers).toEqual(indices.map((index) => Buffer.from(octets(index)).toString('hex')))
  })

  it('keeps both of two that are asked for in turn, whatever places they have', () => {
    for (let other = 1; other < 300; other++) {
      const { reads } = asked(new OctetMemory<string>(16, 4), [0, other, 0, other, 0, other])
      expect(reads, `0 and ${other}`).toBe(2)
    }
  })

  it('keeps nothing that is longer than it was told', () => {
    expect(asked(new OctetMemory<string>(16, 1), [1, 1, 1]).reads).toBe(3)
  })
})
