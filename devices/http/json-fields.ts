import { DeviceError } from '../device.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads the fields of one JSON object of a reply. What is missing or of another type is DeviceError `device.protocol`. */
export class JsonFields {
  readonly #object: JsonObject
  readonly #what: string

  /** `what` names the object in messages: "the Sobject". */
  constructor(value: unknown, what: string) {
    if (!isJsonObject(value)) throw protocolError(`${what} is not a JSON object`)
    this.#object = value
    this.#what = what
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name)
  }

  optionalText(name: string): string | undefined {
    const value = this.#get(name)
    return value === undefined || typeof value === 'string' ? value : this.#wrong(name, 'a string')
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#get(name)
    return value === undefined || typeof value === 'number' ? value : this.#wrong(name, 'a number')
  }

  optionalFlag(name: string): boolean | undefined {
    const value = this.#get(name)
    return value === undefined || typeof value === 'boolean' ? value : this.#wrong(name, 'a boolean')
  }

  flag(name: string): boolean {
    return this.optionalFlag(name) ?? this.#missing(name)
  }

  /** Strict base64 (RFC 4648 section 4), at least one byte. */
  bytes(name: string): Uint8Array {
    return this.optionalBytes(name) ?? this.#missing(name)
  }

  optionalBytes(name: string): Uint8Array | undefined {
    const text = this.optionalText(name)
    if (text === undefined) return undefined
    return decodeBase64(text) ?? this.#wrong(name, 'base64')
  }

  texts(name: string): readonly string[] {
    const value = this.#get(name)
    if (value === undefined) return []
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      return this.#wrong(name, 'a list of strings')
    }
    return value
  }

  object(name: string): JsonFields {
    return this.optionalObject(name) ?? this.#missing(name)
  }

  optionalObject(name: string): JsonFields | undefined {
    const value = this.#get(name)
    return value === undefined ? undefined : new JsonFields(value, `${this.#what}.${name}`)
  }

  /** Own members alone; null counts as absent, as both services write it. */
  #get(name: string): unknown {
    const value = Object.hasOwn(this.#object, name) ? this.#object[name] : undefined
    return value === null ? undefined : value
  }

  #missing(name: string): never {
    throw protocolError(`${this.#what} has no ${name}`)
  }

  #wrong(name: string, type: string): never {
    throw protocolError(`${name} of ${this.#what} is not ${type}`)
  }
}

export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return text !== '' && bytes.toString('base64') === text ? bytes : undefined
}

export function protocolError(why: string): DeviceError {
  return new DeviceError('device.protocol', `Could not use the service's response: ${why}.`, {
    remedy: 'Try again; if it persists, run with --trace and compare the service version with the documentation.',
  })
}
