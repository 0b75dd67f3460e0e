import { styleText } from 'node:util'
import type { ExitCode } from '../errors.ts'
import { jsonText } from '../json-text.ts'
import { NEXT_STEPS, pasteable, type Surrounding } from './next-steps.ts'
import { printableInLocale } from './printable-in-locale.ts'

type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold'

export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What an error says with `--json`: schemas/error.schema.json. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly exitCode: ExitCode
}

/** Results go to stdout; progress, warnings and prompts to stderr. With `--json` stdout holds one object, or JSON Lines, and nothing else. */
export class Output {
  readonly json: boolean
  readonly #options: OutputOptions
  #lines = false
  #run: string | undefined
  #surrounding: Surrounding = {}

  constructor(options: OutputOptions) {
    this.json = options.json
    this.#options = options
  }

  /** The one result of a command: `value` as JSON, or what `human` makes of it. */
  result(value: unknown, human: () => string): void {
    // After JSON Lines an error is one line too.
    const text = this.json ? this.#json(value, this.#lines ? 0 : 2) : this.#plain(human())
    if (text !== '') this.#options.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** With `--json`: a result that is one long list under one member, written item by item, so that nobody holds all of it. */
  async jsonList(member: string, items: AsyncIterable<unknown>): Promise<void> {
    let any = false
    await this.#flow(`{\n  "${member}": [`)
    for await (const item of items) {
      await this.#flow(`${any ? ',' : ''}\n    ${this.#json(item, 2).replaceAll('\n', '\n    ')}`)
      any = true
    }
    await this.#flow(any ? '\n  ]\n}\n' : ']\n}\n')
  }

  /** Resolves once the reader has taken what was written, or has gone. */
  async #flow(text: string): Promise<void> {
    const { stdout } = this.#options
    if (!stdout.writable || stdout.write(text)) return
    await new Promise<void>((done) => {
      const events = ['drain', 'close', 'error']
      const end = (): void => {
        for (const event of events) stdout.removeListener(event, end)
        done()
      }
      for (const event of events) stdout.on(event, end)
    })
  }

  /** From here on an error belongs to this run: a script must find what was begun. */
  belongsTo(run: string): void {
    this.#run = run
  }

  /** What the commands that messages name have to be told: see `pasteable`. */
  isIn(surrounding: Surrounding): void {
    this.#surrounding = surrounding
  }

  /** A text of ours that names commands. */
  pasteable(text: string): string {
    return pasteable(text, this.#surrounding)
  }

  /** What a command that fails prints with `--json`; nothing without. */
  failure({ code, message, remedy, exitCode }: Failure): void {
    if (this.json) this.result({ error: { code, message, remedy, exitCode, run: this.#run } }, () => '')
  }

  /** One line of a stream: JSON Lines with `--json`. */
  line(value: unknown, human: () => string): void {
    this.#lines = true
    this.#options.stdout.write(`${this.json ? this.#json(value, 0) : this.#plain(human())}\n`)
  }

  /** A piece of a report in a format of its own. */
  text(text: string): void {
    this.#options.stdout.write(text)
  }

  progress(text: string): void {
    if (!this.#options.quiet) this.#options.stderr.write(`${this.#plain(this.pasteable(text))}\n`)
  }

  warn(text: string): void {
    this.#options.stderr.write(`${this.style('yellow', 'warning:', 'stderr')} ${this.#plain(this.pasteable(text))}\n`)
  }

  error(text: string): void {
    this.#options.stderr.write(`${this.#plain(this.pasteable(text))}\n`)
  }

  #json(value: unknown, indent: number): string {
    return jsonText(value, indent, (name, text) => (NEXT_STEPS.has(name) ? this.pasteable(text) : text))
  }

  #plain(text: string): string {
    return printableInLocale(text, this.#options.env)
  }

  style(style: Style, text: string, stream: 'stdout' | 'stderr' = 'stdout'): string {
    const { env } = this.#options
    const colours = this.#options[stream].isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
    return colours ? styleText(style, text) : text
  }
}
