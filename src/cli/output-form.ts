import { styleText } from 'node:util'
import { jsonText } from '../json-text.ts'
import { NEXT_STEPS, pasteable, type Surrounding } from './next-steps.ts'
import { printableInLocale } from './printable-in-locale.ts'

export type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold'

/** How results are written. Plain data: another thread that has it writes what this one would. */
export interface OutputForm {
  readonly json: boolean
  readonly colours: boolean
  /** What says which characters a reader can see. */
  readonly locale: Readonly<Partial<Record<'LC_ALL' | 'LC_CTYPE' | 'LANG', string>>>
  /** What the commands that messages name have to be told. */
  readonly surrounding: Surrounding
}

export const jsonIn = ({ surrounding }: OutputForm, value: unknown, indent: number): string =>
  Object.values(surrounding).every((told) => told === undefined)
    ? jsonText(value, indent)
    : jsonText(value, indent, (name, text) => (NEXT_STEPS.has(name) ? pasteable(text, surrounding) : text))

export const plainIn = ({ locale }: OutputForm, text: string): string => printableInLocale(text, locale)

/** Whether the stream takes colours was decided where the stream is. */
export const styledIn = ({ colours }: Pick<OutputForm, 'colours'>, style: Style, text: string): string =>
  colours ? styleText(style, text, { validateStream: false }) : text

/** A line of a stream of results: `value` as JSON, or what `human` makes of it. */
export const lineIn = (form: OutputForm, value: unknown, human: () => string): string =>
  `${form.json ? jsonIn(form, value, 0) : plainIn(form, human())}\n`
