import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import type { CommandContext } from './command.ts'
import { entriesFor } from './command-loaders.ts'
import { completionShell } from './completion.ts'
import { Output, type OutputOptions } from './output.ts'
import { plainLine } from './plain-line.ts'
import { WIDEST_HELP } from './quick-answer.ts'
import { reportError } from './report-error.ts'
import { stopOnSignals } from './stop-signals.ts'

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
    // Asked late: it opens stdin.
    get interactive() {
      return process.stdin.isTTY === true && stderr.isTTY === true && !argv.includes('--no-input')
    },
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

/** What yargs says of a line that it refuses. */
class RefusedLine extends Error {}

/** What the parser answers itself. */
const ANSWERED = ['help', 'version', 'get-yargs-completions']

async function dispatch(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const entries = await entriesFor(argv)
  const [entry, ...others] = entries
  const plain = entry === undefined || others.length > 0 ? undefined : plainLine(argv, entry)
  if (plain !== undefined) return await plain.command.run(plain.args, context)
  const { commandParser, GLOBAL_NAMES, Parsed } = await import('./parser.ts')
  const width = Math.min(WIDEST_HELP, process.stdout.columns ?? WIDEST_HELP)
  const fail = (message: string, error: Error | undefined): never => {
    throw error ?? new RefusedLine(message)
  }
  try {
    const said = await commandParser(argv, { entries, width, fail }).parseAsync()
    // Words behind `--` are no command to the parser, and no fault either: it has done nothing.
    if (argv.includes('--') && !ANSWERED.some((name) => Object.hasOwn(said, name)))
      fail('Specify a command.', undefined)
    return EXIT.done
  } catch (end) {
    if (end instanceof Parsed) return await end.command.run(end.args, context)
    if (!(end instanceof RefusedLine)) throw end
    const { COMMANDS } = await import('./commands.ts')
    const { usageError } = await import('./usage-error.ts')
    throw usageError(end.message, argv, COMMANDS, GLOBAL_NAMES)
  }
}
