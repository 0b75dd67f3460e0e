import type { Options, PositionalOptions } from 'yargs'
import { Arguments, type Command, type CommandGroup, DASH } from './command.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'

export interface PlainLine {
  readonly command: Command
  readonly args: Arguments
}

/**
 * A command line in the form that most have: the command, its positionals, then options by their full names, each with its values as
 * words of their own. It is read as yargs reads it (held by a test), without yargs, which takes longer to load than most commands take
 * to run. Undefined for every other line, a faulty one among them: yargs reads it, or says what is wrong with it.
 */
export function plainLine(argv: readonly string[], entry: Command | CommandGroup): PlainLine | undefined {
  const [, second = ''] = argv
  const [command, words] =
    'commands' in entry
      ? [entry.commands.find(({ command: name }) => name.split(' ')[0] === second), argv.slice(2)]
      : [entry, argv.slice(1)]
  if (command === undefined) return undefined
  const values: Values = {}
  const left = takePositionals(words, command, values)
  if (left === undefined || !takeOptions(left, { ...GLOBAL_OPTIONS, ...command.options }, values)) return undefined
  return { command, args: new Arguments(values) }
}

type Values = Record<string, string | boolean | string[]>

/** Puts the words before the first option under the names of the positionals. Returns the words after them; undefined if they do not fit. */
function takePositionals(words: readonly string[], command: Command, values: Values): readonly string[] | undefined {
  const places = command.command.split(' ').slice(1)
  const first = words.findIndex((word) => word.startsWith('-'))
  const count = first === -1 ? words.length : first
  if (count > places.length) return undefined
  for (const [index, place] of places.entries()) {
    const [, optional, name = '', many] = /^(\[?)<?([\w-]+)(\.\.)?[\]>]$/.exec(place) ?? []
    const options = command.positionals?.[name]
    const word = index < count ? words[index] : undefined
    if (many !== undefined || options?.array === true || (word === undefined && optional === '')) return undefined
    if (word !== undefined ? !isValue(word, options) : options?.default !== undefined) return undefined
    if (word !== undefined) values[name] = word
  }
  return words.slice(count)
}

function takeOptions(words: readonly string[], options: Readonly<Record<string, Options>>, values: Values): boolean {
  let rest = words
  while (rest.length > 0) {
    const [word = '', ...others] = rest
    const next = others.findIndex((each) => each.startsWith('-') && each !== '-')
    const given = next === -1 ? others : others.slice(0, next)
    if (!word.startsWith('--') || !takeOption(word.slice(2), given, options, values)) return false
    rest = others.slice(given.length)
  }
  for (const [name, { demandOption, default: preset }] of Object.entries(options)) {
    if (Object.hasOwn(values, name)) continue
    if (demandOption !== undefined && demandOption !== false) return false
    if (preset !== undefined) values[name] = preset
  }
  return true
}

function takeOption(
  word: string,
  given: readonly string[],
  options: Readonly<Record<string, Options>>,
  values: Values,
): boolean {
  const negated = word.startsWith('no-')
  const name = negated ? word.slice(3) : word
  const option = Object.hasOwn(options, name) ? options[name] : undefined
  if (option?.type === 'boolean' && option.array === undefined && given.length === 0 && !Object.hasOwn(values, name)) {
    values[name] = !negated
    return true
  }
  if (negated || option?.type !== 'string' || given.length === 0 || !given.every((each) => isValue(each, option)))
    return false
  const read = given.map((each) => (each === '-' ? DASH : each))
  const before = Object.hasOwn(values, name) ? values[name] : undefined
  if (option.array === true) values[name] = [...(Array.isArray(before) ? before : []), ...read]
  else if (before !== undefined || read.length > 1) return false
  else values[name] = read[0] ?? ''
  return true
}

/** yargs takes quotes off, and an empty word for none. */
const isValue = (word: string, options: Options | PositionalOptions | undefined): boolean =>
  word !== '' && !/^["']/.test(word) && (options?.choices === undefined || options.choices.includes(word))
