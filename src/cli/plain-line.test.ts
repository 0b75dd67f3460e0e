import { array, assert, asyncProperty, boolean, constant, constantFrom, oneof, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Options } from 'yargs'
import type { Arguments, Command, CommandGroup } from './command.ts'
import { COMMANDS } from './commands.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'
import { commandParser, Parsed } from './parser.ts'
import { type PlainLine, plainLine } from './plain-line.ts'

interface Place {
  readonly entry: Command | CommandGroup
  readonly command: Command
  readonly words: readonly string[]
}

const first = (command: Command): string => command.command.split(' ')[0] ?? ''
const PLACES = COMMANDS.flatMap((entry): readonly Place[] =>
  'commands' in entry
    ? entry.commands.map((command) => ({ entry, command, words: [entry.name, first(command)] }))
    : [{ entry, command: entry, words: [first(entry)] }],
)

/** What yargs reads; undefined for a line that it refuses, or answers itself. */
async function asYargs(argv: readonly string[], entry: Command | CommandGroup): Promise<PlainLine | undefined> {
  const fail = (message: string): never => {
    throw new Error(message)
  }
  try {
    await commandParser(argv, { entries: [entry], width: 80, fail }).parseAsync()
    return undefined
  } catch (end) {
    return end instanceof Parsed ? end : undefined
  }
}

const or = (read: () => unknown): unknown => {
  try {
    return read()
  } catch (error) {
    return String(error)
  }
}

/** All that a command can ask of its arguments. */
const everything = (args: Arguments, { options, positionals }: Command): unknown =>
  Object.keys({ ...GLOBAL_OPTIONS, ...options, ...positionals }).map((name) => [
    name,
    or(() => args.text(name)),
    or(() => args.list(name)),
    args.flag(name),
    or(() => args.integer(name, 0, 99_999)),
  ])

function linesOf({ command, words }: Place) {
  const options = Object.entries<Options>({ ...GLOBAL_OPTIONS, ...command.options })
  const value = constantFrom(
    'a.pem',
    '-',
    '12',
    '-1',
    '',
    'a=b',
    '"q"',
    "it's",
    'true',
    'no-json',
    '1.50',
    'a b',
    'é',
    '--json',
  )
  const choice = ({ choices = [] }: Options) =>
    choices.length === 0
      ? value
      : oneof({ weight: 4, arbitrary: constantFrom(...choices.map(String)) }, { weight: 1, arbitrary: value })
  const option = oneof(
    ...options.map(([name, each]) => {
      const values =
        each.type === 'boolean'
          ? constant<string[]>([])
          : array(choice(each), { minLength: 1, maxLength: each.array ? 3 : 1 })
      return record({ values, no: each.type === 'boolean' ? boolean() : constant(false) }).map(
        ({ values: given, no }) => [`--${no ? 'no-' : ''}${name}`, ...given],
      )
    }),
  )
  const noise = constantFrom(['--unknown'], ['-q'], ['--'], ['--json=true'], ['loose'], ['--__proto__', 'x'], ['--hsm'])
  const wanted = options
    .filter(([, { demandOption }]) => demandOption)
    .map(([name, each]) => [`--${name}`, String(each.choices?.[0] ?? 'x')])
  return record({
    loose: array(value, { maxLength: 2 }),
    required: oneof({ weight: 5, arbitrary: constant(wanted.flat()) }, { weight: 1, arbitrary: constant([]) }),
    given: array(oneof({ weight: 12, arbitrary: option }, { weight: 1, arbitrary: noise }), { maxLength: 4 }),
  }).map(({ loose, required, given }) => [...words, ...loose, ...required, ...given.flat()])
}

describe('a line in the plain form', () => {
  it('is read as yargs reads it, and what yargs refuses is left to yargs: every command, any order and number of words', async () => {
    let plain = 0
    for (const place of PLACES)
      await assert(
        asyncProperty(linesOf(place), async (argv) => {
          const read = plainLine(argv, place.entry)
          if (read === undefined) return
          plain++
          const yargs = await asYargs(argv, place.entry)
          expect(yargs?.command).toBe(read.command)
          if (yargs !== undefined)
            expect(everything(read.args, read.command)).toEqual(everything(yargs.args, read.command))
        }),
        { numRuns: 15, seed: 26 },
      )
    expect(plain).toBeGreaterThan(PLACES.length)
  })

  it.each([
    [['check', '--attestation', 'a.pem', 'b.pem', '-', '--csr', 'a.csr', '--json', '--no-input']],
    [['runs', 'list']],
    [['runs', 'show', '20260301-120000-abcdef', '--json']],
    [['sandbox', '--directory', 'there', '--json']],
    [['plan', 'signing.yaml']],
    [['enroll', 'signing.yaml', '--yes']],
  ])('%j needs no yargs', (argv) => {
    const place = PLACES.find(({ words }) => words.every((word, index) => argv[index] === word))
    expect(place && plainLine(argv, place.entry)?.command).toBe(place?.command)
  })
})
