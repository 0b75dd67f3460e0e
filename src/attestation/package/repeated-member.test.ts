import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { repeatedMember } from './repeated-member.ts'

describe('a member that stands twice', () => {
  it.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"b":{"a":1},"c":[{"a":1 , "a" :2}]}', 'a'],
    ['{"a":"\\"","a":1}', 'a'],
    ['{"":1,"":1}', ''],
  ])('is named: %s', (json, name) => expect(repeatedMember(json)).toBe(name))

  it.each([
    '{"a":1,"b":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a:","b":"\\"a\\":1,\\"a\\":1"}',
    '{"a":["a","a"]}',
    '{"a":"\\\\","b":"}{"}',
  ])('is not seen where there is none: %s', (json) => expect(repeatedMember(json)).toBeUndefined())

  it('is found in no value that JSON.stringify wrote', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(repeatedMember(json)).toBeUndefined()
      }),
    )
  })
})
