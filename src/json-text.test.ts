import { expect, it } from 'vitest'
import { jsonText } from './json-text.ts'

const HOSTILE = 'a\u202egpj.exe\u2066\u2069\u200e\u200f\u061c\u2028\u2029\u007f\u009b2J'

it('escapes what turns or ends a line, and says the same', () => {
  const text = jsonText({ label: HOSTILE, [HOSTILE]: 1 })
  expect(text).not.toMatch(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/)
  expect(JSON.parse(text)).toEqual({ label: HOSTILE, [HOSTILE]: 1 })
})
