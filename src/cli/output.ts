import { styleText } from 'node:util'

type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold'

export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Results go to stdout; progress, warnings and prompts to stderr. With `--json` stdout holds one object, or JSON Lines, and nothing else. */
export class Output {
  readonly json: boolean
  readonly #options: OutputOptions
  #lines = false

  constructor(options: OutputOptions) {
    this.json = options.json
    this.#options = options
  }

  /** The one result of a command: `value` as JSON, or what `human` makes of it. */
  result(value: unknown, human: () => string): void {
    // After JSON Lines an error is one line too.
    const text = this.json ? JSON.stringify(value, null, this.#lines ? undefined : 2) : human()
    if (text !== '') this.#options.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** One line of a stream: JSON Lines with `--json`. */
  line(value: unknown, human: () => string): void {
    this.#lines = true
    this.#options.stdout.write(`${this.json ? JSON.stringify(value) : human()}\n`)
  }

  /** Bytes as they are (`-` as output file). */
  bytes(content: Uint8Array): void {
    this.#options.stdout.write(content)
  }

  progress(text: string): void {
    if (!this.#options.quiet) this.#options.stderr.write(`${text}\n`)
  }

  warn(text: string): void {
    this.#options.stderr.write(`${this.style('yellow', 'warning:', 'stderr')} ${text}\n`)
  }

  error(text: string): void {
    this.#options.stderr.write(`${text}\n`)
  }

  style(style: Style, text: string, stream: 'stdout' | 'stderr' = 'stdout'): string {
    const { env } = this.#options
    const colours = this.#options[stream].isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
    return colours ? styleText(style, text) : text
  }
}
