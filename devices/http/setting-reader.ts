import { DeviceError, type SettingDefinition } from '../device.ts'

/**
 * Reads a profile's `device:` section against the family's own table. An unknown key or a wrong type is refused. Numbers and
 * booleans may come as text, as configuration files and the environment give them.
 */
export class SettingReader {
  readonly #values: Readonly<Record<string, unknown>>

  /** Throws DeviceError `device.settings`. */
  constructor(settings: Readonly<Record<string, unknown>> | undefined, definitions: readonly SettingDefinition[]) {
    const known = new Map(definitions.map((definition) => [definition.name, definition]))
    this.#values = Object.fromEntries(
      Object.entries(settings ?? {}).map(([name, value]) => {
        const definition = known.get(name)
        if (definition === undefined) {
          throw settingError(name, 'there is no such setting', `Use one of: ${[...known.keys()].join(', ')}.`)
        }
        const read = readAs(definition.type, value)
        if (read === undefined) throw settingError(name, `it must be a ${definition.type}`, definition.description)
        return [name, read]
      }),
    )
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }

  /** A whole number between `least` and `most`. */
  wholeNumber(name: string, least: number, most: number): number | undefined {
    const value = this.#values[name]
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw settingError(name, `it must be a whole number from ${least} to ${most}`, 'Correct it in the profile.')
    }
    return value
  }

  flag(name: string): boolean | undefined {
    const value = this.#values[name]
    return typeof value === 'boolean' ? value : undefined
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const choice = choices.find((candidate) => candidate === text)
    if (choice === undefined) throw settingError(name, 'it has no such value', `Use one of: ${choices.join(', ')}.`)
    return choice
  }
}

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false, yes: true, no: false }

/** Undefined where the value is not of the type. */
function readAs(type: SettingDefinition['type'], value: unknown): unknown {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'string[]':
      return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined
    case 'boolean':
      return typeof value === 'string' && Object.hasOwn(BOOLEANS, value) ? BOOLEANS[value] : booleanOrNothing(value)
    case 'number':
      return typeof value === 'string' && /^-?\d{1,15}(\.\d{1,15})?$/.test(value)
        ? Number(value)
        : numberOrNothing(value)
  }
}

const booleanOrNothing = (value: unknown): boolean | undefined => (typeof value === 'boolean' ? value : undefined)
const numberOrNothing = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

/** Names the setting and never its value: a value may be a secret in the wrong place. */
export function settingError(name: string, why: string, remedy: string, cause?: unknown): DeviceError {
  return new DeviceError('device.settings', `Could not use the device setting "${name.slice(0, 60)}": ${why}.`, {
    remedy,
    cause,
  })
}
