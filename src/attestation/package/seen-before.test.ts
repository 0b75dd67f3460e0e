import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SeenBefore } from './seen-before.ts'

describe('SeenBefore', () => {
  it('says yes to octets that came by before, whatever array they are in', () => {
    const seen = new SeenBefore()
    const octets = randomBytes(800)
    expect(seen.again(octets)).toBe(false)
    expect(seen.again(Uint8Array.from(octets))).toBe(true)
  })

  it('says no to different octets of one length', () => {
    const seen = new SeenBefore()
    expect(Array.from({ length: 200 }, () => seen.again(randomBytes(294))).filter(Boolean)).toHaveLength(0)
  })

  it('forgets what came long ago: it never grows', () => {
    const seen = new SeenBefore()
    const first = randomBytes(64)
    seen.again(first)
    for (let i = 0; i < 80_000; i++) seen.again(Buffer.from(`${i}`))
    expect(seen.again(first)).toBe(false)
  })
})
