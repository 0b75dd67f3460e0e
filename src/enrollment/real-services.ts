import { setTimeout as delay } from 'node:timers/promises'
import type { Configuration } from '../config/configuration.ts'
import { createSecretProvider } from '../config/secret-provider.ts'
import type { SecretReading } from '../config/secret-source.ts'
import { EnrollError } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { CertificateAuthority } from '../sectigo/certificate-authority.ts'
import type { EnrollmentServices, RunObserver } from './services.ts'

/** What the real world of a run is made of. */
export interface RealServicesOptions {
  /** The folder of runs, locks, the ledger and the poll schedule; what `Configuration.required('stateDirectory')` says. */
  readonly stateDirectory: string
  /** What outlives runs, where it is not the folder `ledger` of the state directory: `configuredLedger`. */
  readonly ledger?: Ledger
  /** Where secrets come from: an environment, and somebody to ask if `prompt` is given. */
  readonly reading: SecretReading
  readonly observer: RunObserver
  /** A person has made sure of the PIN that was wrong, and lets it be sent once more. Default false. */
  readonly tryPinAgain?: boolean
  /** Ends waiting and device work; an order that is on its way is not interrupted. */
  readonly signal?: AbortSignal
  /** What a slow device is doing, in one line. */
  readonly onProgress?: (message: string) => void
  /** Somebody has to touch the device, or approve at the service, before it goes on. */
  readonly onAwaited?: (what: 'touch' | 'approval', message: string, configuration: Configuration) => void
  /** Called when a run was moved: tells whoever the configuration says. */
  readonly tell?: EnrollmentServices['tell']
  /** Every call to the device and the CA, one line each, without secrets. */
  readonly onTrace?: (line: string) => void
}

/**
 * The real world for a run: devices, the CA with its poll schedule on disk, the clock. Everything heavy loads when it is first used.
 *
 * @throws Nothing; what is missing is reported when it is used.
 * @example
 * ```ts
 * const services: EnrollmentServices = createRealServices({
 *   stateDirectory: '/var/lib/hsm-enroll',
 *   reading: { env: process.env },
 *   observer: { step: ({ step, status }) => console.log(step, status) },
 *   signal: AbortSignal.timeout(3_600_000),
 * })
 * ```
 */
export function createRealServices(options: RealServicesOptions): EnrollmentServices {
  const {
    stateDirectory,
    ledger,
    reading,
    observer,
    tryPinAgain,
    signal,
    onProgress,
    onAwaited,
    onTrace = () => undefined,
  } = options
  let secrets: ReturnType<typeof createSecretProvider> | undefined
  const authorities = new Map<string, CertificateAuthority>()
  const services: EnrollmentServices = {
    stateDirectory,
    ledger,
    reading,
    now: Date.now,
    monotonic: () => performance.now(),
    sleep: async (milliseconds) => {
      await delay(milliseconds, undefined, { signal }).catch(() => {
        throw new EnrollError('run.stopped', 'Stopped while waiting for the CA; nothing is lost.', {
          remedy: 'Resume the run.',
        })
      })
    },
    openDevice: async (configuration, guard) => {
      const { openConfiguredDevice } = await import('../config/open-configured-device.ts')
      const { guardCommand } = await import('./guard-device.ts')
      const { peekLedger } = await import('./open-ledger.ts')
      secrets ??= createSecretProvider(configuration, reading)
      return openConfiguredDevice(configuration, {
        secret: secrets,
        guard: guard ?? guardCommand({ configuration, services, ledger: peekLedger(services) }),
        signal,
        onProgress: ({ kind, message }) => {
          onProgress?.(message)
          if (kind === 'touch' || kind === 'approval') onAwaited?.(kind, message, configuration)
        },
        onTrace: ({ call, detail, durationMs }) =>
          onTrace(
            [call, detail, durationMs === undefined ? undefined : `${durationMs} ms`]
              .filter((part) => part !== undefined)
              .join(' '),
          ),
      })
    },
    certificateAuthority: async (configuration) => {
      const { openAuthority } = await import('./open-authority.ts')
      // One for each account: a login that comes from a descriptor, a command or a person is fetched once.
      const account = accountOf(configuration)
      const known = authorities.get(account) ?? (await openAuthority(configuration, services))
      authorities.set(account, known)
      return known
    },
    observer,
    tell: options.tell,
    tryPinAgain,
    onTrace,
    signal,
  }
  return services
}

/** What makes one connection to the CA another. */
const accountOf = ({ values }: Configuration): string =>
  JSON.stringify(
    [...values]
      .filter(([path]) => ['sectigo', 'acme', 'broker', 'ca', 'programEnvironment'].includes(path.split('.')[0] ?? ''))
      .map(([path, { value }]) => [path, value])
      .sort(),
  )
