import { describe, expect, it } from 'vitest'
import type { SettingDefinition } from '../device.ts'
import { SettingReader } from './setting-reader.ts'

const DEFINITIONS: readonly SettingDefinition[] = [
  { name: 'text', type: 'string', description: 'a text' },
  { name: 'count', type: 'number', description: 'a number' },
  { name: 'flag', type: 'boolean', description: 'yes or no' },
]

describe('settings of a device', () => {
  it('come as they are or as text, and mean the same', () => {
    for (const settings of [
      { text: 'x', count: 3, flag: true },
      { text: 'x', count: '3', flag: 'true' },
    ]) {
      const reader = new SettingReader(settings, DEFINITIONS)
      expect([reader.text('text'), reader.wholeNumber('count', 0, 9), reader.flag('flag')]).toEqual(['x', 3, true])
    }
  })

  it.each([
    [{ colour: 'blue' }, /no such setting/],
    [{ count: 'many' }, /must be a number/],
    [{ flag: 'perhaps' }, /must be a boolean/],
    [{ text: ['a'] }, /must be a string/],
    [{ text: 5 }, /must be a string/],
  ])('%j is refused without its value', (settings, message) => {
    expect(() => new SettingReader(settings, DEFINITIONS)).toThrow(message)
    expect(() => new SettingReader(settings, DEFINITIONS)).not.toThrow(/blue|many|perhaps/)
  })

  it.each([-1, 10, 1.5])('%d is outside of what a whole number may be', (count) => {
    expect(() => new SettingReader({ count }, DEFINITIONS).wholeNumber('count', 0, 9)).toThrow(/from 0 to 9/)
  })
})
