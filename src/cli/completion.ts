import { EnrollError } from '../errors.ts'

/** Shells that yargs writes a script for, whichever `SHELL` contains. */
const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

/**
 * The shell of `completion [SHELL]`, or else the user's own; undefined for another command. Throws EnrollError `usage` for a shell that
 * has no script.
 */
export function completionShell(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Shell | undefined {
  const [command, named] = argv.filter((word) => !word.startsWith('-'))
  if (command !== 'completion' || argv.includes('--help') || argv.includes('-h')) return undefined
  if (named === undefined) return SHELLS.find((shell) => env.SHELL?.endsWith(shell) === true) ?? 'bash'
  const shell = SHELLS.find((each) => each === named)
  if (shell !== undefined) return shell
  throw new EnrollError('usage', `Could not print a completion script for "${named.slice(0, 40)}".`, {
    remedy: `Use one of ${SHELLS.join(', ')}.`,
  })
}
