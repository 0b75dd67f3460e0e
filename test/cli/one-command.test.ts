import { describe, expect, it } from 'vitest'
import type { Command, CommandGroup } from '../../src/cli/command.ts'
import { entriesFor, LOADERS } from '../../src/cli/command-loaders.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { commandParser, Parsed } from '../../src/cli/parser.ts'

const nameOf = (entry: Command | CommandGroup): string =>
  'commands' in entry ? entry.name : (entry.command.split(' ')[0] ?? '')

/** What a line comes to: the command and its values, or what yargs says of it. */
async function outcome(argv: readonly string[], entries: readonly (Command | CommandGroup)[]): Promise<unknown> {
  const fail = (message: string, error: Error | undefined): never => {
    throw error ?? new Error(`refused: ${message}`)
  }
  try {
    return await commandParser(argv, { entries, width: 80, fail }).parseAsync()
  } catch (end) {
    if (!(end instanceof Parsed)) return String(end)
    const { command, positionals, options } = end.command
    const names = ['json', 'quiet', 'input', ...Object.keys({ ...positionals, ...options })]
    return [command, names.map((name) => [name, end.args.list(name)])]
  }
}

describe('a command that is loaded alone', () => {
  it('is the one of the table, under its name and in its order', async () => {
    expect(Object.keys(LOADERS)).toEqual(COMMANDS.map(nameOf))
    expect(await Promise.all(Object.values(LOADERS).map((load) => load()))).toEqual(COMMANDS)
  })

  it.each([
    ['check --attestation a b --csr c'],
    ['check -'],
    ['check --attestation - extra'],
    ['check --atestation a'],
    ['check --attestation a --policy nothing'],
    ['check --attestation a --policy document-signing --policy code-signing --json'],
    ['check'],
    ['trust'],
    ['trust lsit'],
    ['trust list extra'],
    ['runs show'],
    ['runs show 1 --state-directory'],
    ['runs show 1 --no-input -q'],
  ])('parses "%s" as it does among all', async (line) => {
    const argv = line.split(' ')
    const alone = await entriesFor(argv)
    expect(alone).toHaveLength(1)
    expect(await outcome(argv, alone)).toEqual(await outcome(argv, COMMANDS))
  })

  it.each([
    ['--json check', 'options come first'],
    ['certificates list', 'an alias'],
    ['chekc', 'a word that is none'],
    ['constructor', 'a name that every object has'],
    ['check --get-yargs-completions', 'a shell completes'],
    ['', 'nothing'],
  ])('is not taken from "%s": %s', async (line) => {
    expect(await entriesFor(line.split(' '))).toBe(COMMANDS)
  })
})
