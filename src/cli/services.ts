import type { Configuration } from '../config/configuration.ts'
import type { SecretReading } from '../config/secret-source.ts'
import { configuredLedger } from '../enrollment/configured-ledger.ts'
import { createRealServices } from '../enrollment/real-services.ts'
import type { EnrollmentServices } from '../enrollment/services.ts'
import { printable } from '../printable.ts'
import type { Arguments, CommandContext } from './command.ts'

/** The real world for a run, with a terminal to report to: state folder and ledger are those of the configuration. */
export function createServices(
  configuration: Configuration,
  context: CommandContext,
  trace: boolean,
  tryPinAgain = false,
): EnrollmentServices {
  const { output, signal } = context
  const reading = secretReading(context)
  const services = createRealServices({
    stateDirectory: configuration.required('stateDirectory'),
    ledger: configuredLedger(configuration, reading),
    reading,
    observer: {
      step: ({ status, detail }) =>
        output.progress(`${mark(status, output)} ${detail.split('\n').map(printable).join('\n')}`),
    },
    tryPinAgain,
    signal,
    tell: (configuration, run) => tellOfRun(services, configuration, run),
    onAwaited: (what, message, configuration) => void tellAwaited(services, what, message, configuration),
    onProgress: (message) => output.progress(`  … ${message}`),
    onTrace: (line) => {
      if (trace) output.error(output.style('dim', `trace: ${line}`, 'stderr'))
    },
  })
  return services
}

/** The same for the state folder of a configuration, with what the command line says of traces and of a PIN that was wrong. */
export const servicesFor = (
  configuration: Configuration,
  args: Arguments,
  context: CommandContext,
): EnrollmentServices => createServices(configuration, context, args.flag('trace'), args.flag('try-pin-again'))

const hasHooks = (configuration: Configuration): boolean =>
  ['hooks.command', 'hooks.webhook', 'hooks.mailTo'].some((path) => configuration.text(path) !== undefined)

async function tellOfRun(services: EnrollmentServices, configuration: Configuration, run: string): Promise<void> {
  if (!hasHooks(configuration)) return
  const { tellRun } = await import('../enrollment/telling/tell.ts')
  await tellRun(services, configuration, run)
}

async function tellAwaited(
  services: EnrollmentServices,
  what: 'touch' | 'approval',
  detail: string,
  configuration: Configuration,
): Promise<void> {
  if (!hasHooks(configuration)) return
  const { tellNow } = await import('../enrollment/telling/tell.ts')
  const { randomUUID } = await import('node:crypto')
  await tellNow(services, configuration, {
    id: randomUUID().replaceAll('-', ''),
    type: what === 'touch' ? 'touch-needed' : 'approval-pending',
    time: new Date(services.now()).toISOString(),
    profile: configuration.profile,
    test: false,
    detail,
  })
}

/**
 * What a timer tells beside what it did: events that were not delivered, and certificates that end soon. `profile`: only of its runs,
 * since its hooks are not those of another.
 */
export async function tellEverything(
  services: EnrollmentServices,
  configuration: Configuration,
  profile?: string,
): Promise<void> {
  if (!hasHooks(configuration)) return
  const { tellAll } = await import('../enrollment/telling/tell.ts')
  await tellAll(services, configuration, profile)
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
