import { EXIT } from '../exit-codes.ts'
import type { LoadProgram } from './program.ts'

/**
 * A reader that goes away (`| head`) or a full disk behind stdout must not end the program: it may be between an order and its record.
 * A reader that went has what it wanted; a result that could not be written is said at the end, and is no success (exit 2).
 */
export function keepStreams(loadProgram: LoadProgram): void {
  let fault: NodeJS.ErrnoException | undefined
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (fault === undefined && error.code !== 'EPIPE') fault = error
  })
  process.once('beforeExit', () => {
    if (fault === undefined) return
    if (process.exitCode === EXIT.done) process.exitCode = EXIT.usage
    void sayFault(fault, loadProgram)
  })
}

async function sayFault(fault: NodeJS.ErrnoException, loadProgram: LoadProgram): Promise<void> {
  const { fileFault } = await loadProgram()
  process.stderr.write(
    `error: Could not write the output: ${fileFault(fault)}.\nTry: Free disk space, or send it elsewhere.\n`,
  )
}
