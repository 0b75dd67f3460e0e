import { EXIT } from '../exit-codes.ts'
import type { LoadProgram } from './program.ts'
import { type HelpWidth, quickAnswer } from './quick-answer.ts'
import { keepStreams } from './standard-streams.ts'

/** The command line of this process, to its exit code. `readTable`: the tables of help that the build wrote, as JSON. */
export async function start(
  readTable: (width: HelpWidth) => string | undefined,
  loadProgram: LoadProgram,
): Promise<void> {
  keepStreams(loadProgram)
  // Should the event loop run dry in the middle, the end is not taken for a good one.
  process.exitCode = EXIT.defect
  const argv = process.argv.slice(2)
  const answer = quickAnswer(argv, process.stdout.columns, readTable)
  if (answer === undefined) {
    const { runCli } = await loadProgram()
    process.exitCode = await runCli(argv)
  } else {
    process.stdout.write(`${answer}\n`)
    process.exitCode = EXIT.done
  }
}
