import { describe, expect, it } from 'vitest'
import { typedDeviceSettings } from './device-settings.ts'

const definitions = [
  { name: 'flag', type: 'boolean', description: '' },
  { name: 'count', type: 'number', description: '' },
  { name: 'list', type: 'string[]', description: '' },
  { name: 'text', type: 'string', description: '' },
] as const

describe('a setting of a device, which a file or the environment holds as text', () => {
  it('has the type that the family’s table gives it', () => {
    expect(typedDeviceSettings({ flag: 'true', count: '12', list: '1, 2', text: '12' }, definitions)).toEqual({
      flag: true,
      count: 12,
      list: ['1', '2'],
      text: '12',
    })
  })

  it('is left for the family to refuse where it cannot be read so', () => {
    const odd = { flag: 'perhaps', count: '0x10', other: 'x' }
    expect(typedDeviceSettings(odd, definitions)).toEqual(odd)
  })

  it('keeps what a library user gives with its type', () => {
    const typed = { flag: false, count: 3, list: ['a'] }
    expect(typedDeviceSettings(typed, definitions)).toEqual(typed)
  })
})
