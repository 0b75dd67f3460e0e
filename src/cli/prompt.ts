import { EnrollError } from '../errors.ts'

/** Asks at the terminal, on stderr so that stdout stays clean. The libraries load only when somebody is asked. Throws EnrollError `prompt.stopped`. */
export async function promptSecret(message: string, stop: AbortSignal): Promise<string> {
  const { default: password } = await import('@inquirer/password')
  return untilLeft(stop, (context) => password({ message, mask: false }, context))
}

/** Throws EnrollError `prompt.stopped`. */
export async function promptYes(message: string, stop: AbortSignal): Promise<boolean> {
  const { default: confirm } = await import('@inquirer/confirm')
  return untilLeft(stop, (context) => confirm({ message, default: false }, context))
}

/** One line of text; Enter takes `preset`. Throws EnrollError `prompt.stopped`. */
export async function promptText(message: string, preset: string, stop: AbortSignal): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  return untilLeft(stop, async ({ output, signal }) => {
    const terminal = createInterface({ input: process.stdin, output })
    try {
      const left = new AbortController()
      terminal.once('SIGINT', () => left.abort())
      terminal.once('close', () => left.abort())
      const answer = await terminal.question(`${message}${preset === '' ? '' : ` [${preset}]`}: `, {
        signal: AbortSignal.any([signal, left.signal]),
      })
      return answer.trim() === '' ? preset : answer.trim()
    } finally {
      terminal.removeAllListeners('close')
      terminal.close()
    }
  })
}

/**
 * Inquirer takes Ctrl-C to itself, and does not notice Ctrl-D: its readline lets go of stdin (`pause`), nobody answers any more, and
 * the process would end in the middle with exit code 0.
 */
async function untilLeft<T>(
  stop: AbortSignal,
  ask: (context: { readonly output: NodeJS.WritableStream; readonly signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const left = new AbortController()
  const leave = (): void => left.abort()
  process.stdin.once('pause', leave)
  try {
    return await ask({ output: process.stderr, signal: AbortSignal.any([left.signal, stop]) })
  } catch (error) {
    if (!(error instanceof Error) || !LEFT.includes(error.name)) throw error
    throw new EnrollError('prompt.stopped', 'Stopped before you answered; nothing was sent.', {
      remedy: 'Start again, or continue with `hsm-enroll runs resume RUN` if there is a run.',
      cause: error,
    })
  } finally {
    process.stdin.off('pause', leave)
  }
}

const LEFT: readonly string[] = ['ExitPromptError', 'AbortPromptError', 'AbortError']
