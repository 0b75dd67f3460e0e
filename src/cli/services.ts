import type { SecretReading } from '../config/secret-source.ts'
import { createRealServices } from '../enrollment/real-services.ts'
import type { EnrollmentServices } from '../enrollment/services.ts'
import { printable } from '../printable.ts'
import type { CommandContext } from './command.ts'

/** The real world for a run, with a terminal to report to. */
export function createServices(
  stateDirectory: string,
  context: CommandContext,
  trace: boolean,
  tryPinAgain = false,
): EnrollmentServices {
  const { output, signal } = context
  return createRealServices({
    stateDirectory,
    reading: secretReading(context),
    observer: {
      step: ({ status, detail }) =>
        output.progress(`${mark(status, output)} ${detail.split('\n').map(printable).join('\n')}`),
    },
    tryPinAgain,
    signal,
    onProgress: (message) => output.progress(`  … ${message}`),
    onTrace: (line) => {
      if (trace) output.error(output.style('dim', `trace: ${line}`, 'stderr'))
    },
  })
}

/** Where secrets come from: the environment, and a person where there is one. */
export const secretReading = ({ env, interactive, signal }: CommandContext): SecretReading => ({
  env,
  signal,
  ...(interactive ? { prompt: (message: string) => askSecret(message, signal) } : {}),
})

async function askSecret(message: string, signal: AbortSignal): Promise<string> {
  const { promptSecret } = await import('./prompt.ts')
  return promptSecret(message, signal)
}

function mark(status: 'begin' | 'done' | 'refused' | 'waiting', output: CommandContext['output']): string {
  switch (status) {
    case 'begin':
      return output.style('dim', '·', 'stderr')
    case 'done':
      return output.style('green', '✓', 'stderr')
    case 'refused':
      return output.style('red', '✗', 'stderr')
    case 'waiting':
      return output.style('yellow', '…', 'stderr')
  }
}
