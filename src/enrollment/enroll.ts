import type { Configuration } from '../config/configuration.ts'
import { isAcme } from '../config/order-route.ts'
import { EnrollError, type ExitCode, withRemedy } from '../errors.ts'
import { type AdvanceOptions, advance } from './advance.ts'
import { beginOnlyRun } from './begin-only-run.ts'
import { runsBeside } from './open-runs.ts'
import { refuseUnreachableCa } from './plan/ask-ca.ts'
import type { Complaint } from './plan/finding.ts'
import { openState } from './plan/judge-state.ts'
import { refuseUnworkable, refuseUnworkableSteps } from './plan/preflight.ts'
import { profileMarks, settingsOf } from './profile-marks.ts'
import type { ReplacementWish } from './replacing/allow-replacement.ts'
import { type Resolution, resolveRun } from './resolve-run.ts'
import { type OpenRun, type Run, withNewRun, withRun } from './run.ts'
import type { Renewed } from './run-event.ts'
import type { RunRecord, RunSummary } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

/** The states in which a run may be asked to end before it orders. */
export type StateBeforeOrder = 'key-generated' | 'csr-signed' | 'attested' | 'checked'

/** One enrollment of one profile. */
export interface Enrollment extends ReplacementWish {
  /** Device, key, request and order, as `loadConfiguration` read them. */
  readonly configuration: Configuration
  /** What the run is listed under and told apart by. Default: the file of the configuration's profile. */
  readonly profile?: string
  /** A test order (`test=Y`): not billed, signed by an untrusted chain. Default false. */
  readonly test?: boolean
  /** End in this state. Default: go on as far as the certificate. */
  readonly until?: StateBeforeOrder
  /** Wait for the CA, for days if need be, instead of ending with exit code 6. Default false. */
  readonly wait?: boolean
  /**
   * Asked once the evidence has been checked and before the paid order is placed; resolve to false to end the run there. Without it a
   * paid enrollment is refused before a key is generated. A test order is placed without being asked for.
   */
  readonly confirm?: (run: OpenRun) => Promise<boolean>
  /**
   * Begin although a run of this profile is unfinished, or its paid certificate has not expired. Default false. Never beside one whose
   * order the CA may have.
   */
  readonly another?: boolean
  /** The key that the new one is to follow, and what else the profile is known by: `renew` sets both. */
  readonly renews?: Renewed
  readonly marks?: readonly string[]
  /** Called with the id before the run exists: a caller that keeps it finds the run again, whatever ends the process. */
  readonly onNamed?: (id: string) => void
  /** Called once the run exists, before the device is opened. */
  readonly onBegun?: (run: OpenRun) => void
}

/** Where a run has got to. */
export interface Enrolled {
  /** As the command line would exit: 0 done, 1 refused by a check, 4 refused by the CA, 5 outcome unknown, 6 not issued yet. */
  readonly exitCode: ExitCode
  readonly id: string
  /** The folder of the run: its journal and its artefacts. */
  readonly folder: string
  readonly record: RunRecord
}

/**
 * The only way in which a run begins that asks a device for a key: what can be known is judged before the run exists, and a profile is
 * enrolled once. `action` moves the run with the options given.
 */
export async function beginRun<T>(
  enrollment: Enrollment,
  services: EnrollmentServices,
  action: (run: Run, options: AdvanceOptions) => Promise<T>,
): Promise<T> {
  const {
    configuration,
    test = false,
    until,
    wait,
    another,
    renews,
    marks,
    onNamed,
    onBegun,
    abandon,
    confirmReplacement,
  } = enrollment
  if (test && isAcme(configuration)) throw (await import('./plan/judge-acme.ts')).noTestOrders()
  const confirm = enrollment.confirm ?? (test ? async () => true : undefined)
  const profile = enrollment.profile ?? configuration.profile
  const begin = (beside?: readonly string[]): Promise<T> =>
    withNewRun({ configuration, profile, test, device: true, renews, beside, marks, onNamed }, services, (run) => {
      onBegun?.(run)
      return action(run, { until, wait, confirm, abandon, confirmReplacement })
    })
  if (until !== undefined) {
    await report(services, await refuseUnworkableSteps(configuration, until, services.reading))
    return begin()
  }
  await report(
    services,
    await refuseUnworkable(configuration, { reading: services.reading, confirmed: confirm !== undefined }),
  )
  const beginPaid = async (beside?: readonly string[]): Promise<T> => {
    await refuseUnreachableCa(configuration, services)
    return begin(beside)
  }
  if (another === true) {
    if (profile === undefined) return beginPaid()
    return beginPaid(await runsBeside(services, profileMarks(profile, settingsOf(configuration)), test))
  }
  if (profile === undefined) throw unnamed()
  return beginOnlyRun(services, { profile, test, configuration, renews, marks }, () => beginPaid())
}

/** What does not stop a run is said before it begins. */
async function report(services: EnrollmentServices, warnings: readonly Complaint[]): Promise<void> {
  const open = await openState(services.stateDirectory)
  for (const { message, remedy } of open === undefined ? warnings : [...warnings, open])
    services.observer.step({ step: 'plan', status: 'waiting', detail: withRemedy(message, remedy) })
}

const unnamed = (): EnrollError =>
  new EnrollError('run.no-profile', 'Could not start: without a profile, a second run could not be recognized.', {
    remedy: 'Load the configuration with a profile, or pass a name in `profile`.',
  })

/**
 * Enrols a profile: key pair, request, attestation, its check, the order, the certificate. What can be known is judged before a run exists.
 * Each step is on disk before the next begins; a run that stops is continued with `resume`, and nothing is ever paid twice.
 *
 * @param enrollment - The configuration, and how far to go. A paid order needs `confirm`.
 * @param services - The world: `createRealServices`.
 * @returns Where the run has got to. A refusal by a check (exit code 1) or by the CA (4) is a result.
 * @throws EnrollError `run.open` or `run.completed` for a second run of the profile, `config.…` and `order.…` for a profile that cannot
 * work, `lock.held`; DeviceError for what the device refuses.
 * @example
 * ```ts
 * const configuration = await loadConfiguration({ profile: 'signing.yaml' })
 * const services = createRealServices({
 *   stateDirectory: configuration.required('stateDirectory'),
 *   reading: { env: process.env },
 *   observer: { step: ({ detail }) => console.log(detail) },
 * })
 * const { exitCode, record } = await enroll({ configuration, confirm: async () => true }, services)
 * console.log(exitCode === EXIT.pending ? `order ${record.orderNumber}` : record.state)
 * ```
 */
export function enroll(enrollment: Enrollment, services: EnrollmentServices): Promise<Enrolled> {
  return beginRun(enrollment, services, advanced)
}

/**
 * Continues a run from wherever it stopped.
 *
 * @param id - The run's id, or the end of it.
 * @param options - How far to go; `overrides` replace single settings of the run from now on, by path (`device.modulePath`).
 * @throws EnrollError `run.not-found`, `lock.held` if another process has the run, and what `enroll` throws.
 * @example
 * ```ts
 * async function follow(id: string, services: EnrollmentServices): Promise<Enrolled> {
 *   return resume(id, { wait: true }, services)
 * }
 * ```
 */
export function resume(
  id: string,
  options: AdvanceOptions & { readonly overrides?: Readonly<Record<string, string | readonly string[]>> },
  services: EnrollmentServices,
): Promise<Enrolled> {
  const { overrides, ...rest } = options
  return withRun(id, services, (run) => advanced(run, rest), { settings: overrides ?? {} })
}

async function advanced(run: Run, options: AdvanceOptions): Promise<Enrolled> {
  const exitCode = await advance(run, options)
  return { exitCode, ...run.summary }
}

/**
 * Records what became of an order whose outcome is unknown, on the word of `operator`. Sends nothing that costs; what the CA can be asked
 * is asked.
 *
 * @returns The run afterwards; continue it with `resume`.
 * @throws EnrollError `run.not-unknown`, `run.no-such-order`, `run.balance-moved`, `run.not-found`, `lock.held`.
 * @example
 * ```ts
 * async function found(id: string, orderNumber: string, services: EnrollmentServices): Promise<RunSummary> {
 *   return resolve(id, { kind: 'placed', orderNumber }, 'operator alice', services)
 * }
 * ```
 */
export function resolve(
  id: string,
  resolution: Resolution,
  operator: string,
  services: EnrollmentServices,
): Promise<RunSummary> {
  return withRun(id, services, async (run) => {
    await resolveRun(run, resolution, operator)
    return run.summary
  })
}
