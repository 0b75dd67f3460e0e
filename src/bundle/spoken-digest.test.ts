import { describe, expect, it } from 'vitest'
import { spokenDigest } from './spoken-digest.ts'

describe('a digest in words', () => {
  it('is proquints as their proposal shows them', () => {
    // 127.0.0.1, 63.84.220.193 and 63.118.7.35: the examples of arXiv 0901.4016.
    expect(spokenDigest(`7f000001${'3f54dcc1'}${'3f760723'}${'0'.repeat(40)}`)).toBe(
      'lusab-babad-gutih-tugad-gutuk-bisog',
    )
  })
})
