import { inner, type Peeled } from '../layer.ts'

const QUOTED = /^[ \t]*(?:>[ \t]?)+/
/** The lines that carry something must be quoted for the most part; a mail may have a line or two of its own above. */
const LEAST_SHARE = 0.6

/** Lines of a mail that somebody answered or forwarded: `> ` before each. */
export function quotedLayer(text: string): Peeled | undefined {
  if (!/^[ \t]*>/m.test(text)) return undefined
  const lines = text.split(/\r\n|\r|\n/)
  const quoted = lines.filter((line) => QUOTED.test(line))
  if (quoted.length === 0 || quoted.length < lines.filter((line) => line.trim() !== '').length * LEAST_SHARE)
    return undefined
  return inner(quoted.map((line) => line.replace(QUOTED, '')).join('\n'), 'removed the ">" of a quoted mail')
}
