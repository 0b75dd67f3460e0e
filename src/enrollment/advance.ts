import { EXIT, type ExitCode } from '../errors.ts'
import type { Run } from './run.ts'
import type { RunState } from './run-event.ts'
import { runCheckStep } from './steps/check-step.ts'
import { runCollectStep } from './steps/collect-step.ts'
import { runDeviceSteps } from './steps/device-steps.ts'
import { runInstallStep } from './steps/install-step.ts'
import { runSubmitStep } from './steps/submit-step.ts'

export interface AdvanceOptions {
  /** Stop once this state is reached: `keygen`, `csr` and `attest` end early. */
  readonly until?: RunState
  /** Wait for the CA instead of ending with exit code 6. */
  readonly wait?: boolean
  /** Order again after the CA refused: a new POST, on the operator's word. */
  readonly orderAgain?: boolean
  /** Asked once before the order is placed; false ends the run where it is. */
  readonly confirm?: (run: Run) => Promise<boolean>
  /** Milliseconds between two questions to the CA. */
  readonly pollInterval?: number
}

/** Three hours: the floor that the collection documents set. */
const POLL_INTERVAL = 3 * 60 * 60 * 1000

/** Takes a run as far as it goes now, from whatever state it is in. Every state is journalled before the next begins. */
export async function advance(run: Run, options: AdvanceOptions = {}): Promise<ExitCode> {
  for (;;) {
    const { state } = run.record
    if (state === options.until) return EXIT.done
    switch (state) {
      case 'planned':
      case 'key-generated':
      case 'csr-signed':
        await runDeviceSteps(run)
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
        if (!(await runCheckStep(run))) return EXIT.refused
        break
      case 'submitting':
        await run.log({ type: 'unknown', reason: 'the program ended between sending the order and reading the answer' })
        return EXIT.unknown
      case 'unknown':
        return EXIT.unknown
      case 'ordered':
        if (await runCollectStep(run)) break
        if (options.wait !== true) return EXIT.pending
        await run.services.sleep(options.pollInterval ?? POLL_INTERVAL)
        break
      case 'issued':
        if (!run.record.device) return EXIT.done
        await runInstallStep(run)
        break
      case 'installed':
        return EXIT.done
    }
  }
}
