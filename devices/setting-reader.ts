import type { SettingDefinition } from './device.ts'
import { DeviceError } from './device-error.ts'

type SettingValue = string | number | boolean | readonly string[]

/**
 * Reads a profile's `device:` section against the family's own table. Files and the environment hold text alone, a library user
 * may pass numbers, booleans and lists: each is read as the type of its definition.
 */
export class SettingReader {
  readonly #values: ReadonlyMap<string, SettingValue>

  /** Throws DeviceError `device.settings` on an unknown name, a wrong type or an empty text. */
  constructor(definitions: readonly SettingDefinition[], settings: Readonly<Record<string, unknown>> = {}) {
    this.#values = new Map(
      Object.entries(settings)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, read(definitions, name, value)]),
    )
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : undefined
  }

  list(name: string): readonly string[] | undefined {
    const value = this.#values.get(name)
    return typeof value === 'object' ? value : undefined
  }

  /** A whole number between `least` and `most`. */
  wholeNumber(name: string, least: number, most: number): number | undefined {
    const value = this.#values.get(name)
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw settingError(name, `it must be a whole number from ${least} to ${most}`, 'Correct it in the profile.')
    }
    return value
  }

  flag(name: string): boolean | undefined {
    const value = this.#values.get(name)
    return typeof value === 'boolean' ? value : undefined
  }

  /** One of `choices`, or undefined if it is not set. Throws DeviceError `device.settings` on anything else. */
  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const choice = choices.find((candidate) => candidate === text)
    if (choice === undefined) throw settingError(name, 'it has no such value', `Use one of: ${choices.join(', ')}.`)
    return choice
  }
}

function read(definitions: readonly SettingDefinition[], name: string, value: unknown): SettingValue {
  const definition = definitions.find((each) => each.name === name)
  if (definition === undefined) {
    const known = definitions.map((each) => each.name).join(', ')
    throw settingError(name, 'there is no such setting', `Use one of: ${known}.`)
  }
  const result = readAs(definition.type, typeof value === 'number' ? String(value) : value)
  if (result === undefined) throw settingError(name, `it must be a ${definition.type}`, definition.description)
  if (typeof result === 'string' && result.trim() === '')
    throw settingError(name, 'it is empty', 'Set a value, or remove the setting.')
  return result
}

const BOOLEANS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [false, false],
  ['true', true],
  ['false', false],
  ['yes', true],
  ['no', false],
])

/** Undefined if the value is not of the type. */
function readAs(type: SettingDefinition['type'], value: unknown): SettingValue | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'string[]': {
      const items: readonly unknown[] =
        typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [{}]
      const texts = items.map((item) => (typeof item === 'number' ? String(item) : item))
      return texts.every((item) => typeof item === 'string') ? texts.map((item) => item.trim()) : undefined
    }
    case 'boolean':
      return BOOLEANS.get(value)
    case 'number':
      return typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : undefined
  }
}

/** Names the setting and never its value: a value may be a secret in the wrong place. */
export function settingError(name: string, why: string, remedy: string, cause?: unknown): DeviceError {
  return new DeviceError('device.settings', `Could not use the device setting "${name.slice(0, 60)}": ${why}.`, {
    remedy,
    cause,
  })
}
