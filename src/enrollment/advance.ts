import { DeviceError } from '../../devices/device.ts'
import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import type { Run } from './run.ts'
import { hasReached, type RunState } from './run-event.ts'
import { runCheckStep } from './steps/check-step.ts'
import { runCollectStep } from './steps/collect-step.ts'
import { runDeviceSteps } from './steps/device-steps.ts'
import { runInstallStep } from './steps/install-step.ts'
import { runSubmitStep } from './steps/submit-step.ts'
import { runUnknownStep } from './steps/unknown-step.ts'

export interface AdvanceOptions {
  /** Stop once this state is reached: `keygen`, `csr` and `attest` end early. */
  readonly until?: RunState
  /** Wait for the CA instead of ending with exit code 6. */
  readonly wait?: boolean
  /** Order again after the CA refused: a new POST, on the operator's word. */
  readonly orderAgain?: boolean
  /** Asked once before the order is placed; false ends the run where it is. */
  readonly confirm?: (run: Run) => Promise<boolean>
}

/** Takes a run as far as it goes now, from whatever state it is in. Every state is journalled before the next begins. */
export async function advance(run: Run, options: AdvanceOptions = {}): Promise<ExitCode> {
  try {
    return await walk(run, options)
  } catch (error) {
    if (error instanceof EnrollError || error instanceof DeviceError) {
      await run.log({ type: 'failed', code: error.code, message: error.message })
    }
    throw error
  }
}

async function walk(run: Run, options: AdvanceOptions): Promise<ExitCode> {
  for (;;) {
    const { state } = run.record
    if (options.until !== undefined && hasReached(state, options.until)) return EXIT.done
    if (!run.record.device && !hasReached(state, 'submitting')) throw noForm(run)
    switch (state) {
      case 'planned':
      case 'key-generated':
      case 'csr-signed':
        await runDeviceSteps(run, options.until)
        break
      case 'attested':
        if (!(await runCheckStep(run))) return EXIT.refused
        break
      case 'checked':
        if (options.confirm !== undefined && !(await options.confirm(run))) return EXIT.refused
        await runSubmitStep(run)
        break
      case 'rejected':
        if (options.orderAgain !== true) return EXIT.ca
        if (!run.record.device) throw noForm(run)
        if (!(await runCheckStep(run))) return EXIT.refused
        break
      case 'submitting':
      case 'unknown':
        await runUnknownStep(run)
        return EXIT.unknown
      case 'ordered':
        if (await runCollectStep(run)) break
        if (options.wait !== true) return EXIT.pending
        await run.services.sleep(pauseOf(run))
        break
      case 'issued':
        // A test certificate hangs on an untrusted chain; it has no place on a device.
        if (!run.record.device || run.record.test) return EXIT.done
        await runInstallStep(run)
        break
      case 'installed':
        return EXIT.done
    }
  }
}

/** A run that only ordered keeps the digest of its form, not the form. */
const noForm = (run: Run): EnrollError =>
  new EnrollError('run.form', `Could not go on with the run ${run.id}: it ordered from a form that it does not keep.`, {
    remedy: 'Give the form again: `hsm-enroll order submit FORM`.',
  })

/** Milliseconds until the CA may be asked again: what it said, or the configured pause. */
function pauseOf(run: Run): number {
  const due = run.record.progress?.nextPollAt
  const pause = (run.configuration.integer('sectigo.pollSeconds') ?? 10_800) * 1000
  return due === undefined ? pause : Math.max(1000, Date.parse(due) - run.services.now())
}
