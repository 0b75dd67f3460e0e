import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isShared, sharedKey } from './shared-keys.ts'

describe('sharedKey', () => {
  const keys = Array.from({ length: 300 }, () => randomBytes(294))

  it('gives one array for a key from its second time on, and loses none of a batch of devices to another', () => {
    const kept = keys.map((key) => [Uint8Array.from(key), Uint8Array.from(key)].map(sharedKey).at(-1))
    expect(kept.filter((key) => key !== undefined && isShared(key))).toHaveLength(keys.length)
    expect(keys.map((key) => sharedKey(Uint8Array.from(key))).filter((key, index) => key !== kept[index])).toEqual([])
  })

  it('keeps nothing of a key that comes once, or is longer than any issuer has', () => {
    const [once, long] = [randomBytes(294), randomBytes(2049)]
    expect(sharedKey(once)).toBe(once)
    for (let time = 0; time < 3; time++) expect(sharedKey(long)).toBe(long)
  })
})
