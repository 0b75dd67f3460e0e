import yargs from 'yargs'
import { VERSION } from '../version.ts'
import { Arguments, type Command, type CommandGroup, DASH } from './command.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'

/** The names that every command takes. */
export const GLOBAL_NAMES = [...Object.keys(GLOBAL_OPTIONS), 'q', 'help', 'version']

/** Ends the parsing where the command is known: after a handler that returns, yargs lays out the help, whether or not anybody asked. */
export class Parsed {
  readonly command: Command
  readonly args: Arguments

  constructor(command: Command, args: Arguments) {
    this.command = command
    this.args = args
  }
}

export interface ParserOptions {
  /** What the line may begin with. */
  readonly entries: readonly (Command | CommandGroup)[]
  /** Columns that help is laid out for. */
  readonly width: number
  /** Throws what is to be said of a line that yargs refuses. */
  readonly fail: (message: string, error: Error | undefined) => never
}

/** The parser of one command line. Its `parseAsync` throws a `Parsed` for a command; help, version and completions it prints itself. */
export function commandParser(argv: readonly string[], { entries, width, fail }: ParserOptions) {
  const parser = yargs(argv.map((word) => (word === '-' ? DASH : word)))
    .locale('en')
    .scriptName('hsm-enroll')
    .usage('$0 <command>\n\nEnrols document-signing keys that are held in hardware.')
    .version(VERSION)
    .alias('help', 'h')
    .options(GLOBAL_OPTIONS)
    .strict()
    .recommendCommands()
    .demandCommand(1, 'Specify a command.')
    .completion('completion', 'print a completion script for a shell: `completion bash`, `zsh` or `fish`')
    .parserConfiguration({
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .wrap(width)
    .exitProcess(false)
    .fail((message, error) => fail(message, error))
  type Parser = typeof parser
  const add = (to: Parser, command: Command): void => {
    to.command(
      command.command,
      command.summary,
      (builder) => {
        for (const [name, options] of Object.entries(command.positionals ?? {})) builder.positional(name, options)
        builder.options(command.options ?? {})
        for (const [line, what] of command.examples ?? []) builder.example(line, what)
        return builder
      },
      (args) => {
        throw new Parsed(command, new Arguments(args))
      },
    )
  }
  const addGroup = (group: CommandGroup): void => {
    parser.command([group.name, ...(group.aliases ?? [])], group.summary, (builder) => {
      for (const command of group.commands) add(builder as Parser, command)
      return builder.demandCommand(1, 'Specify a command.')
    })
  }
  for (const entry of entries) {
    if ('commands' in entry) addGroup(entry)
    else add(parser, entry)
  }
  return parser
}
