import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from './commands.ts'
import { withPathsOfPages } from './documentation.ts'

const PAGE = resolve(import.meta.dirname, '../../docs/devices/yubihsm2.md')

describe('a remedy that points to a page', () => {
  it('has the path of the page in this package', () => {
    expect(withPathsOfPages('Compare it with docs/devices/yubihsm2.md; then go on.')).toBe(
      `Compare it with ${PAGE}; then go on.`,
    )
  })

  it('is left alone where the page is not here, or is part of another path or address', () => {
    for (const text of [
      'See docs/no-such-page.md.',
      'See /srv/docs/errors.md.',
      'See https://example.com/docs/errors.md.',
      'No page at all.',
    ])
      expect(withPathsOfPages(text)).toBe(text)
  })
})

/** Columns of the help, of which yargs gives the left half to the command. */
const HALF = 55

it('an example in the help of a command can be copied as it is: it is on one line', () => {
  const commands = COMMANDS.flatMap((entry) => ('commands' in entry ? entry.commands : [entry]))
  const lines = commands.flatMap(({ examples = [] }) => examples.map(([line]) => line.replace('$0', 'hsm-enroll')))
  expect(lines.length).toBeGreaterThan(10)
  expect(lines.filter((line) => line.length > HALF)).toEqual([])
})
