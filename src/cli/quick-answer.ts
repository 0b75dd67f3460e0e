import { VERSION } from '../version.ts'

/** Columns that the build has every help laid out for: what most terminals have, and the widest that help is. */
export const HELP_WIDTHS = [80, 110] as const
export type HelpWidth = (typeof HELP_WIDTHS)[number]

/** Help is never wider, and so wide where it is not for a terminal. */
export const WIDEST_HELP = 110

/**
 * What `--version`, `--help` and `COMMAND --help` print, without the parser; undefined where the parser has to answer: other words
 * beside them, a terminal of another width, a build without tables.
 *
 * `columns`: of the terminal; undefined where there is none. `readTable`: the tables that the build wrote, as JSON.
 */
export function quickAnswer(
  argv: readonly string[],
  columns: number | undefined,
  readTable: (width: HelpWidth) => string | undefined,
): string | undefined {
  if (argv.length === 1 && argv[0] === '--version') return VERSION
  const words = argv.filter((word) => word !== '--help' && word !== '-h')
  if (words.length !== argv.length - 1 || words.some((word) => !/^[a-z-]+$/.test(word) || word.startsWith('-')))
    return undefined
  const width = HELP_WIDTHS.find((each) => each === Math.min(WIDEST_HELP, columns ?? WIDEST_HELP))
  const text = width === undefined ? undefined : readTable(width)
  if (text === undefined) return undefined
  const table: Readonly<Record<string, string>> = JSON.parse(text)
  const topic = words.join(' ')
  return Object.hasOwn(table, topic) ? table[topic] : undefined
}
