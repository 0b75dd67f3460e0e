import type { SettingDefinition } from '../device.ts'
import { DeviceError } from '../device-error.ts'

/** The profile's `device:` settings after the check against a family's definitions. */
export class Settings {
  readonly #values: ReadonlyMap<string, string | number | boolean | readonly string[]>

  /** Throws DeviceError `device.settings` on an unknown name or a wrong type. */
  constructor(definitions: readonly SettingDefinition[], settings: Readonly<Record<string, unknown>> = {}) {
    const values = new Map<string, string | number | boolean | readonly string[]>()
    for (const [name, value] of Object.entries(settings)) {
      if (value === undefined) continue
      const definition = definitions.find((each) => each.name === name)
      if (definition === undefined) {
        throw wrong(`"${name}" is not a setting of this device`, definitions)
      }
      if (!hasType(value, definition.type)) throw wrong(`"${name}" is not a ${definition.type}`, definitions)
      values.set(name, value)
    }
    this.#values = values
  }

  text(name: string): string | undefined {
    const value = this.#values.get(name)
    return typeof value === 'string' ? value : undefined
  }

  flag(name: string): boolean | undefined {
    const value = this.#values.get(name)
    return typeof value === 'boolean' ? value : undefined
  }

  /** One of `choices`, or undefined where it is not set. Throws DeviceError `device.settings` on anything else. */
  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const found = choices.find((choice) => choice === value)
    if (found !== undefined) return found
    throw new DeviceError(
      'device.settings',
      `Could not use the setting ${name}: "${value.slice(0, 40)}" is not possible.`,
      {
        remedy: `Use one of ${choices.join(', ')}.`,
      },
    )
  }
}

type SettingValue = string | number | boolean | readonly string[]

function hasType(value: unknown, type: SettingDefinition['type']): value is SettingValue {
  if (type === 'string[]') return Array.isArray(value) && value.every((item) => typeof item === 'string')
  return typeof value === type
}

function wrong(what: string, definitions: readonly SettingDefinition[]): DeviceError {
  return new DeviceError('device.settings', `Could not use the device settings: ${what}.`, {
    remedy: `Known settings: ${definitions.map((each) => `${each.name} (${each.type})`).join(', ') || 'none'}.`,
  })
}
