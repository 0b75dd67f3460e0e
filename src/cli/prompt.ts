import { EnrollError } from '../errors.ts'

/** Asks at the terminal, on stderr so that stdout stays clean. The libraries load only when somebody is asked. */
export async function promptSecret(message: string): Promise<string> {
  const { default: password } = await import('@inquirer/password')
  return password({ message, mask: false }, { output: process.stderr }).catch(stopped)
}

export async function promptYes(message: string): Promise<boolean> {
  const { default: confirm } = await import('@inquirer/confirm')
  return confirm({ message, default: false }, { output: process.stderr }).catch(stopped)
}

/** Ctrl-C at a question comes as this error of the library, and as no signal. */
function stopped(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'ExitPromptError') throw error
  throw new EnrollError('prompt.stopped', 'Stopped at the question; nothing was sent.', {
    remedy: 'Begin again, or go on with `hsm-enroll runs resume`.',
    cause: error,
  })
}
