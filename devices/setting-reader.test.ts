import { describe, expect, it } from 'vitest'
import type { SettingDefinition } from './device.ts'
import { SettingReader } from './setting-reader.ts'

const DEFINITIONS: readonly SettingDefinition[] = [
  { name: 'text', type: 'string', description: 'a text' },
  { name: 'count', type: 'number', description: 'a number' },
  { name: 'flag', type: 'boolean', description: 'yes or no' },
  { name: 'list', type: 'string[]', description: 'a list' },
]

describe('settings of a device', () => {
  it.each([
    { text: '12', count: 3, flag: true, list: ['1', '2'] },
    { text: '12', count: '3', flag: 'true', list: '1, 2' },
    { text: 12, count: '3', flag: 'yes', list: [1, 2] },
  ])('come as they are or as text, and mean the same: %j', (settings) => {
    const reader = new SettingReader(DEFINITIONS, settings)
    expect([reader.text('text'), reader.wholeNumber('count', 0, 9), reader.flag('flag'), reader.list('list')]).toEqual([
      '12',
      3,
      true,
      ['1', '2'],
    ])
  })

  it('that are not set are undefined, and so is a value of another type', () => {
    const reader = new SettingReader(DEFINITIONS, { text: undefined, count: 3 })
    expect([reader.text('text'), reader.text('count'), reader.flag('count'), reader.list('list')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it.each([
    [{ colour: 'blue' }, /no such setting/],
    [{ count: 'many' }, /must be a number/],
    [{ count: '0x10' }, /must be a number/],
    [{ flag: 'perhaps' }, /must be a boolean/],
    [{ text: ['a'] }, /must be a string$|must be a string\./],
    [{ text: true }, /must be a string/],
    [{ text: ' ' }, /is empty/],
    [{ list: { a: 1 } }, /must be a string\[\]/],
  ])('%j is refused without its value', (settings, message) => {
    expect(() => new SettingReader(DEFINITIONS, settings)).toThrow(message)
    expect(() => new SettingReader(DEFINITIONS, settings)).not.toThrow(/blue|many|perhaps|0x10/)
  })

  it.each([-1, 10, 1.5])('%d is outside of what a whole number may be', (count) => {
    expect(() => new SettingReader(DEFINITIONS, { count }).wholeNumber('count', 0, 9)).toThrow(/from 0 to 9/)
  })
})
