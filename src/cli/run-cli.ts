import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import { Arguments, type Command, type CommandContext, type CommandGroup, DASH } from './command.ts'
import { COMMANDS } from './commands.ts'
import { completionShell } from './completion.ts'
import { Output, type OutputOptions } from './output.ts'
import { reportError } from './report-error.ts'
import { stopOnSignals } from './stop-signals.ts'
import { usageError } from './usage-error.ts'
import { VERSION } from './version.ts'

const GLOBAL_OPTIONS = {
  json: { type: 'boolean', describe: 'one JSON object (or JSON Lines) on stdout, nothing else' },
  quiet: { type: 'boolean', alias: 'q', describe: 'no progress on stderr' },
  input: {
    type: 'boolean',
    default: true,
    describe: 'ask in the terminal if something is missing (--no-input: never)',
  },
} as const

const GLOBAL_NAMES = [...Object.keys(GLOBAL_OPTIONS), 'q', 'help', 'version']

/** What the program is run in: a process of its own, or a test's. */
export interface Surroundings extends Pick<OutputOptions, 'stdout' | 'stderr' | 'env'> {
  /** Aborted where the program is asked to end; by default by the signals of this process. */
  readonly signal?: AbortSignal
}

/** Parses the command line, runs the one command that it names, and returns the exit code. Never throws. */
export async function runCli(argv: readonly string[], surroundings: Surroundings = process): Promise<ExitCode> {
  const { stdout, stderr, env } = surroundings
  const output = new Output({
    json: argv.includes('--json') || argv.includes('--json=true'),
    quiet: argv.includes('--quiet') || argv.includes('-q'),
    stdout,
    stderr,
    env,
  })
  const signal =
    surroundings.signal ??
    stopOnSignals((name) => output.error(`\nStopping cleanly (${name}); press Ctrl-C again to stop immediately.`))
  const context: CommandContext = {
    output,
    env,
    cwd: process.cwd(),
    signal,
    interactive: process.stdin.isTTY === true && stderr.isTTY === true && !argv.includes('--no-input'),
  }
  try {
    if (output.json && argv.find((word) => !word.startsWith('-')) === 'completion') throw noJsonForm()
    await refuseKeysInArguments(argv)
    const shell = completionShell(argv, env)
    if (shell === undefined) return await dispatch(argv, context)
    // yargs reads it from the process, whose only task this is.
    process.env.SHELL = shell
    if (shell !== 'zsh') delete process.env.ZSH_NAME
    return await dispatch(['completion'], context)
  } catch (error) {
    return reportError(error, output, env)
  }
}

/** Shorter words hold no key of any form; for them nothing is loaded. */
const LONG_WORD = 40

/** Before anything is said of the words: a message may show one. */
async function refuseKeysInArguments(argv: readonly string[]): Promise<void> {
  if (argv.every((word) => word.length < LONG_WORD)) return
  const { refuseKeysInText } = await import('../check/read/hidden-keys.ts')
  for (const [index, word] of argv.entries()) {
    const name = `argument ${index + 1}`
    refuseKeysInText(word, name)
    refuseKeysInText(word.slice(word.indexOf('=') + 1), name)
  }
}

/** A completion script is for a shell. While that completes words, `--json` may stand among them. */
const noJsonForm = (): EnrollError =>
  new EnrollError('usage', 'Could not print the completion script: it has no JSON form.', {
    remedy: 'Omit --json.',
  })

async function dispatch(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { default: yargs } = await import('yargs')
  let exitCode: ExitCode = EXIT.done
  const parser = yargs(argv.map((word) => (word === '-' ? DASH : word)))
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
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? usageError(message, argv, COMMANDS, GLOBAL_NAMES)
    })
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
      async (args) => {
        exitCode = await command.run(new Arguments(args), context)
      },
    )
  }
  const addGroup = (group: CommandGroup): void => {
    parser.command([group.name, ...(group.aliases ?? [])], group.summary, (builder) => {
      for (const command of group.commands) add(builder as Parser, command)
      return builder.demandCommand(1, 'Specify a command.')
    })
  }
  for (const entry of COMMANDS) {
    if ('commands' in entry) addGroup(entry)
    else add(parser, entry)
  }
  await parser.parseAsync()
  return exitCode
}
