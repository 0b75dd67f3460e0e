import { DeviceError } from '../../devices/device.ts'
import { isAcme, isBrokered } from '../config/order-route.ts'
import { EnrollError, EXIT, type ExitCode, sentence } from '../errors.ts'
import { goOnAsOnlyRun } from './begin-only-run.ts'
import { hasPushed, takePushed } from './pushed-certificates.ts'
import { claimRenewal } from './renewal/claim-renewal.ts'
import type { ReplacementWish } from './replacing/allow-replacement.ts'
import type { OpenRun, Run } from './run.ts'
import { hasReached, type RunState } from './run-event.ts'
import { hasKey } from './run-record.ts'
import { askBroker } from './steps/ask-broker.ts'
import { runCheckStep } from './steps/check-step.ts'
import { runCollectStep } from './steps/collect-step.ts'
import { runDeviceSteps } from './steps/device-steps.ts'
import { runInstallStep } from './steps/install-step.ts'
import { settleAcmeOrder } from './steps/settle-acme-order.ts'
import { runSubmitStep } from './steps/submit-step.ts'
import { runUnknownStep } from './steps/unknown-step.ts'
import { withdrawUnfitRequest } from './steps/withdraw-request.ts'

/** How far a run is taken now. */
export interface AdvanceOptions extends ReplacementWish {
  /** Stop once this state is reached: `keygen`, `csr` and `attest` end early. */
  readonly until?: RunState
  /** Wait for the CA instead of ending with exit code 6. */
  readonly wait?: boolean
  /** An answer of the CA that is lost, or a moment at which it fails, counts as "not yet"; implied by `wait`. */
  readonly patient?: boolean
  /** Order again after the CA refused: a new POST, on the operator's word. */
  readonly orderAgain?: boolean
  /** The CA has pushed that something happened to the order. */
  readonly pushed?: boolean
  /** Asked before the order is placed; false ends the run where it is. Where it is absent, nothing is ever ordered. */
  readonly confirm?: (run: OpenRun) => Promise<boolean>
}

/** Takes a run as far as it goes now, from whatever state it is in. Every state is journalled before the next begins. */
export async function advance(run: Run, options: AdvanceOptions = {}): Promise<ExitCode> {
  try {
    return await walk(run, options)
  } catch (error) {
    if (error instanceof EnrollError || error instanceof DeviceError) {
      const { code, message } = error
      const { state, lastFailure } = run.record
      // Whoever follows an order, or pushes to it, may fail in the same way any number of times; a device counts tries.
      const isNews = state !== 'ordered' || lastFailure?.code !== code || lastFailure.message !== message
      // A full disk, which may be the very cause, must not hide what a person has to write down.
      if (isNews) await run.log({ type: 'failed', code, message }).catch(() => undefined)
    }
    throw error
  }
}

async function walk(run: Run, options: AdvanceOptions): Promise<ExitCode> {
  // The operator's word counts for one order, not for every refusal of it.
  let orderAgain = options.orderAgain === true
  // What waits for a second person has been said yes to by the first.
  let confirmed = false
  let asked = false
  for (;;) {
    // A request that the CA refused is made again on the word that allows one more order with it.
    if (wantsRequest(options) && (await withdrawUnfitRequest(run, orderAgain))) orderAgain = false
    const { state } = run.record
    if (state === 'abandoned') throw abandoned(run)
    if (options.until !== undefined && hasReached(state, options.until)) return EXIT.done
    if (!run.record.device && !hasReached(state, 'submitting')) throw noForm(run)
    if (run.services.signal?.aborted === true) return stopped(run)
    switch (state) {
      case 'planned':
        await obtainRequest(run, options)
        break
      case 'key-generated':
      case 'csr-signed':
        await runDeviceSteps(run, options.until, options)
        break
      case 'attested':
        if (!(await runCheckStep(run))) return EXIT.refused
        break
      case 'checked':
        if (options.confirm === undefined) throw noOrder(run)
        if (!confirmed && !(await options.confirm(run))) return EXIT.refused
        confirmed = await submitOrWait(run, options)
        break
      case 'rejected':
        if (!orderAgain) return EXIT.ca
        if (run.record.refusal?.doubtful === true) throw inDoubt(run)
        orderAgain = false
        if (!run.record.device) throw noForm(run)
        if (!(await runCheckStep(run))) return EXIT.refused
        break
      case 'submitting':
      case 'unknown':
        if (await settleAcmeOrder(run)) break
        // The broker may know by now what it did not when the run stopped.
        if (!asked && (await askBroker(run))) {
          asked = true
          break
        }
        await runUnknownStep(run)
        return EXIT.unknown
      case 'ordered':
        if (!hasKey(run.record)) throw noCertificate(run)
        if (await takePushed(run)) break
        if (
          await untilStop(run, () =>
            runCollectStep(run, {
              patient: options.wait === true || options.patient === true,
              pushed: options.pushed === true,
            }),
          )
        )
          break
        if (options.wait !== true) return EXIT.pending
        await untilStop(run, () => pause(run))
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

/** A run that is opened again before it has asked for a key must still be the only one of its profile, if it is to order. */
function obtainRequest(run: Run, options: AdvanceOptions): Promise<void> {
  const work = async (): Promise<void> => {
    await claimRenewal(run)
    await runDeviceSteps(run, options.until, options)
  }
  const mayOrder = options.until === undefined || hasReached(options.until, 'submitting')
  return run.isNew || run.record.keyRequested !== undefined || !mayOrder ? work() : goOnAsOnlyRun(run, work)
}

/** Orders. With `wait`, an order that a second person must approve is asked for again after a pause: then true. */
async function submitOrWait(run: Run, { wait }: AdvanceOptions): Promise<boolean> {
  try {
    if (isAcme(run.configuration)) await (await import('./steps/submit-acme-step.ts')).runAcmeSubmitStep(run)
    else await runSubmitStep(run)
    return false
  } catch (error) {
    if (wait !== true || !(error instanceof EnrollError) || error.code !== 'broker.approval') throw error
    run.services.observer.step({ step: 'order', status: 'waiting', detail: error.message })
    await untilStop(run, () => pause(run))
    return true
  }
}

/** Stopped between two steps. After an order the exit code says where it stands, as if the stop had come a moment later. */
function stopped({ id, record, services }: Run): ExitCode {
  switch (record.state) {
    case 'rejected':
      return EXIT.ca
    case 'submitting':
    case 'unknown':
      return EXIT.unknown
    case 'installed':
      return EXIT.done
    case 'ordered':
    case 'issued':
      services.observer.step({ step: 'stop', status: 'waiting', detail: 'stopped; the order is in the journal' })
      return EXIT.pending
    default:
      throw new EnrollError('run.stopped', `Stopped before the order; the run is ${record.state}.`, {
        remedy: `Continue with \`hsm-enroll runs resume ${id}\`.`,
      })
  }
}

/** How a question to the CA, a wait for another process's question, or a pause ends where a stop ends it. */
const ENDED_BY_STOP = ['run.stopped', 'lock.held', 'sectigo.not-sent', 'sectigo.no-answer']

/** Who stops a run that only follows its order has lost nothing, whatever it was that waited. */
async function untilStop<T>({ id, services }: Run, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const ended = error instanceof EnrollError && ENDED_BY_STOP.includes(error.code)
    if (!ended || services.signal?.aborted !== true) throw error
    throw new EnrollError('run.stopped', 'Stopped while waiting for the CA; nothing is lost.', {
      remedy: `Continue with \`hsm-enroll runs resume ${id}\`.`,
      cause: error,
    })
  }
}

/** Is a request made or ordered with here? Then it must be one that CAs can read. */
const wantsRequest = ({ until, confirm }: AdvanceOptions): boolean =>
  confirm !== undefined || until === 'csr-signed' || until === 'attested'

const abandoned = ({ id }: Run): EnrollError =>
  new EnrollError('run.abandoned', `Could not continue the run ${id}: it was abandoned.`, {
    remedy: 'Start another with `hsm-enroll enroll PROFILE`.',
  })

/** A run that only ordered keeps the digest of its form, not the form. */
const noForm = (run: Run): EnrollError =>
  new EnrollError('run.form', `Could not continue the run ${run.id}: it ordered from a form that it did not store.`, {
    remedy: 'Submit the form again: `hsm-enroll order submit FORM`.',
  })

/** The CA failed while it answered: it may have the order, and a second one would be paid, too. */
const inDoubt = ({ id, record }: Run): EnrollError =>
  new EnrollError(
    'order.in-doubt',
    sentence(`Could not order again: the CA answered ${record.refusal?.code} but may have accepted the order`),
    {
      remedy: `Check the balance and the order list, then record the outcome with \`hsm-enroll runs resolve ${id}\`.`,
    },
  )

/** A token is shipped and a licence has no certificate: nothing of such an order can be collected. */
const noCertificate = ({ id, record }: Run): EnrollError =>
  new EnrollError(
    'run.no-key',
    `Could not follow the run ${id}: its order has no key of yours, so no certificate will come.`,
    {
      remedy: `Check the order with \`hsm-enroll order status ${record.orderNumber}\`.`,
    },
  )

/** Only a command that asks for the yes may order: `certificate collect`, `runs watch` and `listen` never do. */
const noOrder = (run: Run): EnrollError =>
  new EnrollError('run.no-order', `Could not continue the run ${run.id}: it has not been ordered.`, {
    remedy: `Continue with \`hsm-enroll runs resume ${run.id}\`.`,
  })

/** A timer of Node's ends at once where it is asked for more than 24 days. */
const LONGEST_PAUSE = 86_400_000

/** How often a waiting run looks whether `listen` has left something for it. */
const LOOK = 5000

/**
 * Waits until the CA may be asked again, or a push has come. A wall clock that is set forward must not lead to an early question, and
 * one that is set back must not hold the run.
 */
async function pause(run: Run): Promise<void> {
  const { services, folder } = run
  const end = services.monotonic() + pauseOf(run)
  for (let left = end - services.monotonic(); left > 0; left = end - services.monotonic()) {
    await services.sleep(Math.min(LOOK, left))
    if (await hasPushed(folder)) return
  }
}

/** Milliseconds until the CA may be asked again: what it said, or the configured pause. A broker asks it for us, and may be asked often. */
function pauseOf(run: Run): number {
  if (isBrokered(run.configuration)) return (run.configuration.integer('broker.pollSeconds') ?? 60) * 1000
  const due = run.record.progress?.nextPollAt
  const pause = (run.configuration.integer('sectigo.pollSeconds') ?? 10_800) * 1000
  const wanted = due === undefined ? pause : Date.parse(due) - run.services.now()
  return Math.min(LONGEST_PAUSE, Math.max(1000, wanted))
}
