import type { ExitCode } from '../errors.ts'
import { pasteable, type Surrounding } from './next-steps.ts'
import { jsonIn, lineIn, type OutputForm, plainIn, type Style, styledIn } from './output-form.ts'

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
  #form: OutputForm

  constructor(options: OutputOptions) {
    this.json = options.json
    this.#options = options
    const { LC_ALL = '', LC_CTYPE = '', LANG = '' } = options.env
    const locale = { LC_ALL, LC_CTYPE, LANG }
    this.#form = { json: options.json, colours: this.#hasColours('stdout'), locale, surrounding: {} }
  }

  /** The one result of a command: `value` as JSON, or what `human` makes of it. */
  result(value: unknown, human: () => string): void {
    // After JSON Lines an error is one line too.
    const text = this.json ? jsonIn(this.#form, value, this.#lines ? 0 : 2) : plainIn(this.#form, human())
    if (text !== '') this.#options.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  }

  /** With `--json`: a result that is one long list under one member, written item by item, so that nobody holds all of it. */
  async jsonList(member: string, items: AsyncIterable<unknown>): Promise<void> {
    let any = false
    await this.#flow(`{\n  "${member}": [`)
    for await (const item of items) {
      await this.#flow(`${any ? ',' : ''}\n    ${jsonIn(this.#form, item, 2).replaceAll('\n', '\n    ')}`)
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
    this.#form = { ...this.#form, surrounding }
  }

  /** A text of ours that names commands. */
  pasteable(text: string): string {
    return pasteable(text, this.#form.surrounding)
  }

  /** What a command that fails prints with `--json`; nothing without. */
  failure({ code, message, remedy, exitCode }: Failure): void {
    if (this.json) this.result({ error: { code, message, remedy, exitCode, run: this.#run } }, () => '')
  }

  /** One line of a stream: JSON Lines with `--json`. */
  line(value: unknown, human: () => string): void {
    this.#lines = true
    this.#options.stdout.write(lineIn(this.#form, value, human))
  }

  /** Lines of a stream that were written in this form. Resolves as `#flow` does. */
  async lines(text: string): Promise<void> {
    this.#lines = true
    await this.#flow(text)
  }

  /** A piece of a report in a format of its own. Resolves as `#flow` does. */
  text(text: string): Promise<void> {
    return this.#flow(text)
  }

  progress(text: string): void {
    if (!this.#options.quiet) this.#options.stderr.write(`${plainIn(this.#form, this.pasteable(text))}\n`)
  }

  warn(text: string): void {
    this.#options.stderr.write(
      `${this.style('yellow', 'warning:', 'stderr')} ${plainIn(this.#form, this.pasteable(text))}\n`,
    )
  }

  error(text: string): void {
    this.#options.stderr.write(`${plainIn(this.#form, this.pasteable(text))}\n`)
  }

  /** How results are written from here on. */
  get form(): OutputForm {
    return this.#form
  }

  style(style: Style, text: string, stream: 'stdout' | 'stderr' = 'stdout'): string {
    return styledIn({ colours: this.#hasColours(stream) }, style, text)
  }

  #hasColours(stream: 'stdout' | 'stderr'): boolean {
    const { env } = this.#options
    return this.#options[stream].isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  }
}
