import { setTimeout as delay } from 'node:timers/promises'
import { createSecretProvider } from '../config/secret-provider.ts'
import type { SecretReading } from '../config/secret-source.ts'
import type { EnrollmentServices } from '../enrollment/services.ts'
import { EnrollError, EXIT } from '../errors.ts'
import { printable } from '../printable.ts'
import type { CommandContext } from './command.ts'

/** The real world for a run: devices, the CA, the clock, a terminal. Everything heavy loads when it is first used. */
export function createServices(stateDirectory: string, context: CommandContext, trace: boolean): EnrollmentServices {
  const { output, signal } = context
  const reading = secretReading(context)
  const tell = (line: string): void => {
    if (trace) output.error(output.style('dim', `trace: ${line}`, 'stderr'))
  }
  let secrets: ReturnType<typeof createSecretProvider> | undefined
  return {
    stateDirectory,
    now: Date.now,
    sleep: async (milliseconds) => {
      await delay(milliseconds, undefined, { signal }).catch(() => {
        throw new EnrollError('run.stopped', 'Stopped while waiting for the CA; nothing is lost.', {
          remedy: 'Go on with `hsm-enroll runs resume RUN`.',
          exitCode: EXIT.pending,
        })
      })
    },
    openDevice: async (configuration) => {
      const { openConfiguredDevice } = await import('../config/open-configured-device.ts')
      secrets ??= createSecretProvider(configuration, reading)
      return openConfiguredDevice(configuration, {
        secret: secrets,
        signal,
        onProgress: ({ message }) => output.progress(`  … ${message}`),
        onTrace: ({ call, detail, durationMs }) =>
          tell(
            [call, detail, durationMs === undefined ? undefined : `${durationMs} ms`]
              .filter((part) => part !== undefined)
              .join(' '),
          ),
      })
    },
    certificateAuthority: async (configuration) => {
      const { openCertificateAuthority } = await import('./certificate-authority.ts')
      return openCertificateAuthority(configuration, reading, stateDirectory, tell)
    },
    checkEvidence: async (evidence, configuration) => {
      const { checkWith } = await import('./check-with.ts')
      return checkWith(configuration, { ...evidence, now: Date.now() })
    },
    observer: {
      step: ({ status, detail }) =>
        output.progress(`${mark(status, output)} ${detail.split('\n').map(printable).join('\n')}`),
    },
    signal,
  }
}

/** Where secrets come from: the environment, and a person where there is one. */
export const secretReading = ({ env, interactive }: CommandContext): SecretReading => ({
  env,
  ...(interactive ? { prompt: askSecret } : {}),
})

async function askSecret(message: string): Promise<string> {
  const { promptSecret } = await import('./prompt.ts')
  return promptSecret(message)
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
