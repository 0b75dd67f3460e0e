import { inner, type Peeled } from '../layer.ts'

const QUOTED = /^[ \t]*(?:>[ \t]?)+/
/** What is quoted must be most of the text, in characters; a mail may have a line or two of its own above. */
const LEAST_SHARE = 0.6

/** Lines of a mail that somebody answered or forwarded: `> ` before each. */
export function quotedLayer(text: string): Peeled | undefined {
  if (!/^[ \t]*>/m.test(text)) return undefined
  const lines = text.split(/\r\n|\r|\n/)
  const quoted = lines.filter((line) => QUOTED.test(line))
  if (quoted.length === 0 || lengthOf(quoted) < lengthOf(lines) * LEAST_SHARE) return undefined
  return inner(quoted.map((line) => line.replace(QUOTED, '')).join('\n'), 'removed the ">" of a quoted mail')
}

const lengthOf = (lines: readonly string[]): number => lines.reduce((sum, line) => sum + line.trim().length, 0)
