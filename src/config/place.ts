import { parseDocument } from 'yaml'

/** Throws the error of the file that is read: `what` is said of the place at `path`. */
export type FailAt = (path: string, what: string) => Error

/** The value at one place of a YAML file, read by what is expected there. Every fault names the place, and never the value. */
export class Place {
  readonly path: string
  readonly #value: unknown
  readonly #fail: FailAt

  constructor(path: string, value: unknown, fail: FailAt) {
    this.path = path
    this.#value = value
    this.#fail = fail
  }

  fail(what: string): Error {
    return this.#fail(this.path, what)
  }

  /** Members of a map, of which none may be unknown. */
  map<K extends string>(keys: readonly K[]): Partial<Record<K, Place>> {
    const members: Partial<Record<K, Place>> = {}
    for (const [key, place] of this.entries()) {
      const known = keys.find((candidate) => candidate === key)
      if (known === undefined) throw place.fail(`unknown; known are ${keys.join(', ')}`)
      members[known] = place
    }
    return members
  }

  entries(): readonly (readonly [string, Place])[] {
    const value = this.#value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.fail('not a map')
    return Object.entries(value).map(([key, member]) => [key, new Place(`${this.path}.${key}`, member, this.#fail)])
  }

  list(): readonly Place[] {
    if (!Array.isArray(this.#value) || this.#value.length > 1000) throw this.fail('not a list')
    return this.#value.map((item, index) => new Place(`${this.path}[${index}]`, item, this.#fail))
  }

  text(form: RegExp, what: string): string {
    const text = typeof this.#value === 'number' ? String(this.#value) : this.#value
    if (typeof text !== 'string' || !form.test(text)) throw this.fail(`not ${what}`)
    return text
  }

  oneOf<T extends string>(values: readonly T[]): T {
    const value = values.find((candidate) => candidate === this.#value)
    if (value === undefined) throw this.fail(`not one of ${values.join(', ')}`)
    return value
  }

  boolean(): boolean {
    const value = this.#value
    if (value === true || value === 'true') return true
    if (value === false || value === 'false') return false
    throw this.fail('neither true nor false')
  }

  integer(least: number, most: number): number {
    const text = this.#value
    const value = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      throw this.fail(`not a whole number from ${least} to ${most}`)
    return value
  }
}

/** Bounds of a file that is written by hand. */
const MAX_CHARACTERS = 256 << 10
/** The parser takes time that grows with the square of the nesting. */
const MAX_BRACKETS = 2000

/** Reads YAML into its outermost place, which is called `name`. `failsafe`: every scalar is text, so that a serial number keeps its zero. */
export function readPlace(text: string, name: string, fail: FailAt, schema: 'core' | 'failsafe' = 'core'): Place {
  if (text.length > MAX_CHARACTERS) throw fail('file', `longer than ${MAX_CHARACTERS} characters`)
  if ((text.match(/[[{]/g)?.length ?? 0) > MAX_BRACKETS) throw fail('file', 'it is nested too deeply')
  try {
    const document = parseDocument(text, { schema, uniqueKeys: true, stringKeys: true })
    const [error] = document.errors
    if (error !== undefined) throw error
    return new Place(name, document.toJS({ maxAliasCount: 0 }), fail)
  } catch (error) {
    // The library throws where aliases stand or values nest too deep.
    throw fail('file', error instanceof Error ? (error.message.split('\n')[0]?.replace(/:$/, '') ?? '') : 'not YAML')
  }
}
