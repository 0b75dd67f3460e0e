import type { Options, PositionalOptions } from 'yargs'
import { EnrollError, type ExitCode } from '../errors.ts'
import type { Output } from './output.ts'

/** What every command gets beside its arguments. */
export interface CommandContext {
  readonly output: Output
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Aborted by Ctrl-C and by every other signal that asks for an end. */
  readonly signal: AbortSignal
  /** A terminal is there and `--no-input` was not given: a person can be asked. */
  readonly interactive: boolean
}

/** One command as data; `run` imports what it needs when it is called, so that the others cost nothing. */
export interface Command {
  /** As yargs writes it, below its parent: `show <run>`. */
  readonly command: string
  readonly summary: string
  readonly positionals?: Readonly<Record<string, PositionalOptions>>
  readonly options?: Readonly<Record<string, Options>>
  readonly examples?: readonly (readonly [string, string])[]
  readonly run: (args: Arguments, context: CommandContext) => Promise<ExitCode>
}

/** Commands below one word: `runs list`, `runs show`. */
export interface CommandGroup {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly commands: readonly Command[]
}

/** yargs takes a bare `-` for an unknown option, so it travels through the parser under this name. */
export const DASH = '\u0000dash'

const withDash = (value: string): string => (value === DASH ? '-' : value)

/** Parsed arguments, read by name and type. */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values
  }

  text(name: string): string | undefined {
    const value = this.#values[name]
    if (Array.isArray(value)) {
      throw new EnrollError('usage', `"${name}" appears more than once.`, { remedy: 'Specify it once.' })
    }
    if (value === '') {
      throw new EnrollError('usage', `"${name}" has no value.`, { remedy: 'Write the value after the name.' })
    }
    return typeof value === 'string' ? withDash(value) : typeof value === 'number' ? String(value) : undefined
  }

  required(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw new Error(`yargs let "${name}" be missing`)
    return value
  }

  flag(name: string): boolean {
    return this.#values[name] === true
  }

  list(name: string): readonly string[] {
    const value = this.#values[name]
    const values = Array.isArray(value) ? value : value === undefined ? [] : [value]
    return values.map((item) => withDash(String(item)))
  }

  /** Throws EnrollError `usage` for what is no whole number from `least` to `most`; undefined where the option is absent. */
  integer(name: string, least: number, most: number): number | undefined {
    const value = this.#values[name]
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
    throw new EnrollError('usage', `Invalid --${name}: it must be one whole number from ${least} to ${most}.`, {
      remedy: `Pass --${name} with such a number, or omit it.`,
    })
  }

  /** The number of a TCP port; 0 is a free one. */
  port(name: string): number | undefined {
    return this.integer(name, 0, 65_535)
  }
}
