import { DeviceError } from '../../devices/device.ts'
import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import { type AdvanceOptions, advance } from './advance.ts'
import { beginningOf, readRun } from './list-runs.ts'
import { concernsLogin, isLoginRefusal } from './plan/ask-ca.ts'
import { RefusedLogins } from './refused-logins.ts'
import { withRun } from './run.ts'
import type { RunState } from './run-event.ts'
import { indexedRuns, type RunDigest } from './run-index.ts'
import type { RunRecord } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

/** Where one of many runs has got to. */
export interface ResumedRun {
  readonly run: string
  readonly profile?: string
  readonly state?: RunState
  readonly exitCode: ExitCode
  readonly error?: EnrollError | DeviceError
}

/**
 * Continues every run that can go on, oldest first, each as far as it goes now. Those that a person has to look at (refused, unknown,
 * damaged) are left, and so is one that another process has. Without `confirm` no order is placed: then only runs that have one go on.
 * Ends early after a wrong PIN, which the next run would send again. After a login that the CA refuses, the runs of that account wait,
 * and those that ask no CA go on, as do those of other accounts. `refused`: what the same pass has met before.
 */
export async function* resumeAll(
  services: EnrollmentServices,
  options: Pick<AdvanceOptions, 'confirm' | 'wait' | 'patient'>,
  refused = new RefusedLogins(),
): AsyncGenerator<ResumedRun> {
  const open: { readonly id: string; readonly digest: RunDigest }[] = []
  for await (const { id, digest } of indexedRuns(services.stateDirectory, { keep: true }))
    if (
      digest !== undefined &&
      (goesOn(digest, options.confirm !== undefined) || (await isKnownElsewhere(id, digest, services)))
    )
      open.push({ id, digest })
  open.sort((a, b) => (beginningOf(a.id, a.digest) < beginningOf(b.id, b.digest) ? -1 : 1))
  for (const { id, digest } of open) {
    if (services.signal?.aborted === true) return
    const { record } = await readRun(services.stateDirectory, id)
    if (digest.state !== 'issued' && record !== undefined && refused.has(record.settings)) {
      const detail = `the run ${id} waits: its CA is out of reach, or has refused the login`
      services.observer.step({ step: 'resume', status: 'waiting', detail })
      continue
    }
    const { refusal, ...resumed } = await resumeOne(id, services, options)
    yield { profile: digest.profile, ...resumed }
    if (resumed.error?.code === 'pin.wrong' || resumed.error?.code === 'pin.locked') return
    const isRefused = concernsLogin(resumed.error) || (refusal !== undefined && isLoginRefusal(refusal))
    if (record !== undefined && isRefused) refused.add(record.settings)
  }
}

async function resumeOne(
  id: string,
  services: EnrollmentServices,
  options: AdvanceOptions,
): Promise<Omit<ResumedRun, 'profile'> & Pick<RunRecord, 'refusal'>> {
  let state: RunState | undefined
  let refusal: RunRecord['refusal']
  try {
    const exitCode = await withRun(id, services, (run) =>
      advance(run, options).finally(() => {
        state = run.record.state
        // One of before, which was resumed and led further, is gone from the record.
        refusal = run.record.refusal
      }),
    )
    return { run: id, state, exitCode, refusal }
  } catch (error) {
    if (!(error instanceof EnrollError) && !(error instanceof DeviceError)) throw error
    // Another run of its profile has what it was begun for.
    if (state === 'abandoned') {
      services.observer.step({ step: 'resume', status: 'done', detail: `the run ${id} is given up: ${error.message}` })
      return { run: id, state, exitCode: EXIT.done }
    }
    const exitCode = error instanceof DeviceError ? EXIT.device : error.exitCode
    return { run: id, state, exitCode, error }
  }
}

/** A run that only ordered has no device to go on with, and is followed by its order number where it has no key. */
const goesOn = ({ state, test, device }: RunDigest, mayOrder: boolean): boolean =>
  state === 'ordered' || (state === 'issued' && device && !test) || (mayOrder && device && BEFORE_ORDER.includes(state))

/** The broker may know by now what became of an order. */
async function isKnownElsewhere(
  id: string,
  { state }: RunDigest,
  { stateDirectory }: EnrollmentServices,
): Promise<boolean> {
  if (state !== 'submitting' && state !== 'unknown') return false
  const { record } = await readRun(stateDirectory, id)
  return record?.device === true && record.settings['broker.url'] !== undefined
}

/** A run in `attested` was refused by a check, or died before it: the check is cheap, and says which. */
const BEFORE_ORDER: readonly RunState[] = ['planned', 'key-generated', 'csr-signed', 'attested', 'checked']
