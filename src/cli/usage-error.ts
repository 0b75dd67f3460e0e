import { didYouMeanHint } from '../did-you-mean.ts'
import { EnrollError } from '../errors.ts'
import { type Command, type CommandGroup, DASH } from './command.ts'

/** What yargs found wrong with a command line, in words that name the command and what was probably meant. */
export function usageError(
  message: string,
  argv: readonly string[],
  commands: readonly (Command | CommandGroup)[],
  globalOptions: readonly string[],
): EnrollError {
  const words = argv.filter((word) => !word.startsWith('-'))
  const [first, second] = words
  const entry = commands.find((candidate) => nameOf(candidate) === first)
  const group = entry !== undefined && 'commands' in entry ? entry : undefined
  const command =
    group === undefined ? (entry as Command | undefined) : group.commands.find((c) => nameOf(c) === second)
  const remedy = `See \`hsm-enroll ${[entry, group && command].map((each) => (each ? `${nameOf(each)} ` : '')).join('')}--help\`.`
  const fail = (what: string): EnrollError => new EnrollError('usage', what, { remedy })
  if (entry === undefined && first !== undefined) {
    return fail(`There is no command "${first}".${didYouMeanHint(first, [...commands.map(nameOf), 'completion'])}`)
  }
  if (group !== undefined && command === undefined) {
    const names = group.commands.map(nameOf)
    return fail(
      second === undefined
        ? `Specify a command after "${group.name}": ${names.join(', ')}.`
        : `There is no command "${group.name} ${second}".${didYouMeanHint(second, names)}`,
    )
  }
  const options = [...globalOptions, ...optionNames(command)]
  const unknown = argv.map(optionName).find((name) => name !== undefined && !options.includes(name))
  if (unknown !== undefined) return fail(`There is no option "--${unknown}" here.${hint(unknown, options)}`)
  if (command !== undefined && message.startsWith('Not enough non-option arguments'))
    return fail(`Something is missing: hsm-enroll ${group === undefined ? '' : `${group.name} `}${command.command}`)
  const missing = /^Missing required arguments?: (.+)/.exec(message)?.[1]
  if (missing !== undefined) {
    const names = missing.split(', ').map((name) => (name.startsWith('-') ? name : `--${name}`))
    return fail(`Something is missing: ${names.join(', ')}.`)
  }
  const [, option, value, choices] = /Argument: (\S+), Given: (.*), Choices: ([^\n]+)/.exec(message) ?? []
  if (option !== undefined)
    return fail(`Could not use --${option} ${value}: it must be one of ${choices?.replaceAll('"', '')}.`)
  return fail(message.split('\n').join(' ').replace(/ +/g, ' ').replaceAll(DASH, '-'))
}

const nameOf = (entry: Command | CommandGroup): string =>
  'commands' in entry ? entry.name : (entry.command.split(' ')[0] ?? '')

const optionNames = (command: Command | undefined): readonly string[] =>
  Object.entries(command?.options ?? {}).flatMap(([name, { alias = [] }]) => [name, ...[alias].flat()])

/** `--hsmType=X` and `--no-hsm-type` are `hsm-type`, as yargs takes them. */
function optionName(word: string): string | undefined {
  const name = /^--(?:no-)?([^=]+)/.exec(word)?.[1]
  return name?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function hint(unknown: string, options: readonly string[]): string {
  const found = didYouMeanHint(unknown, options)
  return found.replace('"', '"--')
}
