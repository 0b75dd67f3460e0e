import { isAcme, isBrokered } from '../config/order-route.ts'
import { EnrollError, sentence } from '../errors.ts'
import { RefusedCall } from '../sectigo/replies/require-reply.ts'
import { claimNames, refuseTaken, releaseClaims, settleClaims } from './order-claims.ts'
import type { Run } from './run.ts'
import type { RunState, Submission } from './run-event.ts'
import { isUnknown, mayHaveOrder } from './run-record.ts'
import { untilStopped } from './services.ts'
import { runUnknownStep } from './steps/unknown-step.ts'
import { weighUnknown } from './weigh-unknown.ts'

/** What became of an order. `despiteBalance`: the balance of the account moved for another reason. */
export type Resolution =
  | { readonly kind: 'placed'; readonly orderNumber: string }
  | { readonly kind: 'not-placed'; readonly despiteBalance: boolean }

/**
 * The operator's word on a run whose outcome is unknown, or that does not know its order any more: its folder is a copy of before it.
 * What was said before may be said anew until the certificate is installed. Throws EnrollError where the run knows better:
 * `run.not-unknown`, `run.balance-moved`, `run.no-such-order`, `order.duplicate`.
 */
export async function resolveRun(run: Run, resolution: Resolution, operator: string): Promise<void> {
  if (await isKnown(run, resolution)) return
  await takeBack(run, operator)
  const { refusal } = run.record
  if (run.record.state === 'rejected' && refusal?.doubtful === true)
    await run.log({ type: 'unknown', reason: `the CA answered ${refusal.code} ${refusal.message}` })
  if (BEFORE_ORDER.includes(run.record.state) && resolution.kind === 'placed')
    await recallOrder(run, resolution.orderNumber, operator)
  if (run.record.state === 'submitting' || run.record.state === 'unknown') await runUnknownStep(run)
  const { record } = run
  if (record.state !== 'unknown') {
    throw new EnrollError(
      'run.not-unknown',
      `Could not resolve the run ${run.id}: its outcome is known (${record.state}).`,
      {
        remedy: `See \`hsm-enroll runs show ${run.id}\`.`,
      },
    )
  }
  if (resolution.kind === 'placed') {
    await refuseUnknownNumber(run, resolution.orderNumber)
    await run.log({
      type: 'ordered',
      orderNumber: resolution.orderNumber,
      paymentRequired: false,
      resolvedBy: operator,
    })
    return
  }
  const evidence = weighUnknown(record)
  if (evidence.speaksAgainst === true && !resolution.despiteBalance) {
    throw new EnrollError('run.balance-moved', sentence(`Could not record "not placed": ${evidence.reason}`), {
      remedy:
        'Ask the CA for the order number and pass it with --order-number. If something else changed the balance, repeat with --despite-balance.',
    })
  }
  await run.log({ type: 'not-placed', resolvedBy: operator })
  await releaseClaims(run)
}

/**
 * Does the run know by itself what it is told? It could not record the outcome, and asked for this word; the disk has it all the same. What
 * it claimed is free, then, where there is no order.
 */
async function isKnown(run: Run, resolution: Resolution): Promise<boolean> {
  const { submission, resolution: said, rejection, state, orderNumber } = run.record
  if (submission === undefined || said !== undefined || rejection !== undefined || state === 'abandoned') return false
  if (isUnknown(run.record)) return false
  const isPlaced = mayHaveOrder(run.record)
  if (resolution.kind === 'placed') return isPlaced && orderNumber === resolution.orderNumber
  if (!isPlaced) await releaseClaims(run)
  return !isPlaced
}

/** The word that an operator gave before no longer counts; the key is this run's alone again. */
async function takeBack(run: Run, operator: string): Promise<void> {
  const { state, resolution, submission, intent } = run.record
  if (resolution === undefined || submission === undefined || state === 'installed' || state === 'abandoned') return
  if (state === 'unknown' || state === 'submitting' || state === 'rejected') return
  // Where it was said that there is no order, another run may have ordered for the key since.
  const names = claimNames(submission)
  if (intent === undefined) await refuseTaken(run.ledger, names, run.id)
  else {
    const mine = { run: run.id, intent }
    const wishes = names.map((name) => ({ name, ...mine }))
    const taking = await settleClaims(run.ledger, await run.ledger.take(wishes, []), mine, () => true)
    if (taking.kind === 'held') throw taking.error
  }
  await run.log({ type: 'unknown', reason: `${operator} takes back that it was ${resolution}`, takenBack: true })
}

/** The states that the next step of a run is an order after. */
const BEFORE_ORDER: readonly RunState[] = ['attested', 'checked']

/** Takes the key for an order that was placed before, and that this run has no trace of: neither it nor another may order again. */
async function recallOrder(run: Run, orderNumber: string, operator: string): Promise<void> {
  const { record, configuration, ledger } = run
  const { spkiSha256, test } = record
  if (spkiSha256 === undefined || isAcme(configuration) || isBrokered(configuration)) return
  await refuseUnknownNumber(run, orderNumber)
  const endpoint = configuration.required('sectigo.endpoint')
  const names = claimNames({ claim: spkiSha256, test })
  await refuseTaken(ledger, names, run.id)
  const intent: Submission = { type: 'submitting', claim: spkiSha256, spkiSha256, formSha256: '', endpoint, test }
  const { entry, claims } = await run.logIntent(intent, names)
  const taking = await settleClaims(ledger, claims, { run: run.id, intent: entry.hash }, (hash) => run.knows(hash))
  if (taking.kind === 'held') {
    await run.log({ type: 'not-sent', reason: taking.error.message })
    throw taking.error
  }
  await run.log({ type: 'unknown', reason: `${operator} says that the CA has an order which this run does not know` })
}

/** "The value of the 'orderNumber' argument is invalid!": every other refusal says nothing of the number. */
const INVALID_VALUE = -4

/** The ACME server was asked and has no such order of this account, or it is not an address at all. */
const NO_ACME_ORDER: readonly string[] = ['acme.order', 'acme.directory']

/** A slip of the pen would wait for somebody else's certificate. Where the CA cannot be asked, the operator's word stands. */
async function refuseUnknownNumber({ services, configuration, id }: Run, orderNumber: string): Promise<void> {
  const ca = await services.certificateAuthority(configuration)
  try {
    await ca.orderProgress(orderNumber, untilStopped(services))
  } catch (cause) {
    if (!(cause instanceof EnrollError)) throw cause
    const isNone = cause instanceof RefusedCall && cause.refusal.code === INVALID_VALUE
    if (!isNone && !NO_ACME_ORDER.includes(cause.code)) return
    throw new EnrollError(
      'run.no-such-order',
      sentence(`Could not use the order ${orderNumber} for the run ${id}: ${cause.message}`),
      {
        remedy: isNone ? 'Compare the number with the order list on the CA’s web site.' : cause.remedy,
        cause,
      },
    )
  }
}
