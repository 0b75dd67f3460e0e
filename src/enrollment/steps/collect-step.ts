import { EnrollError, sentence } from '../../errors.ts'
import type { Collection, OrderProgress, Refusal } from '../../sectigo/certificate-authority.ts'
import { RefusedCall } from '../../sectigo/replies/require-reply.ts'
import { releaseClaims, releaseRenewal } from '../order-claims.ts'
import type { Run } from '../run.ts'
import { untilStopped } from '../services.ts'
import { acceptCertificates } from './accept-certificates.ts'

/** Ends of a question that say nothing about the order: somebody who waits for days outlasts them. */
const PASSING = ['sectigo.no-answer', 'sectigo.not-sent', 'sectigo.unreadable', 'lock.held', 'broker.unreachable']

/** Refusals of the same sort: the CA failed, or was asked too often (`-14`, `-42`). */
const PASSING_REFUSALS = [-14, -42]

/**
 * Asks the CA once where the order stands and journals what is new in what it says. Returns true once the run has moved on: the
 * certificate is in its folder, or the order was rejected. `patient`: an answer that is lost counts as "not yet". `pushed`: the CA
 * says that something has happened, so that it is asked for the status however short ago it was asked.
 */
export async function runCollectStep(
  run: Run,
  { patient = false, pushed = false }: { readonly patient?: boolean; readonly pushed?: boolean } = {},
): Promise<boolean> {
  const { record, services, configuration } = run
  if (record.orderNumber === undefined) throw new Error('the run has no order')
  const { orderNumber, certificateId, test } = record
  const spkiSha256 = record.spkiSha256 ?? record.submission?.spkiSha256
  const ca = await services.certificateAuthority(configuration)
  const options = untilStopped(services)
  const order = {
    orderNumber,
    test,
    ...(certificateId === undefined ? {} : { certificateId }),
    ...(spkiSha256 === undefined ? {} : { spkiSha256 }),
  }
  const collection = await ca.collect(order, options).catch((error: unknown): Collection => {
    if (!patient || !(error instanceof EnrollError) || !PASSING.includes(error.code)) throw error
    return { kind: 'not-yet', message: error.message }
  })
  if (collection.kind === 'issued') {
    await acceptCertificates(run, collection.certificates, 'collected from the CA')
    return true
  }
  const question = pushed ? ca.orderProgress(orderNumber, options) : ca.orderProgressIfDue(orderNumber, options)
  const progress = await question.catch((error: unknown) => {
    if (error instanceof EnrollError) return undefined
    throw error
  })
  if (progress?.state === 'rejected') {
    // A run from a form cannot order again itself: the next one may have the key.
    if (!record.device) await releaseClaims(run)
    await run.log({ type: 'order-rejected', reason: progress.summary })
    await releaseRenewal(run)
    services.observer.step({ step: 'issue', status: 'refused', detail: `order ${orderNumber}: ${progress.summary}` })
    return true
  }
  if (progress?.state === 'revoked' && record.revokedAt === undefined)
    await run.log({ type: 'order-revoked', by: 'the CA says so' })
  const passing = patient && collection.kind === 'refused' && PASSING_REFUSALS.includes(collection.refusal.code)
  if ((collection.kind === 'refused' && !passing) || progress?.state === 'revoked')
    throw notCollected(orderNumber, collection, progress)
  await recordProgress(run, collection.kind === 'refused' ? notYet(collection.refusal) : collection, progress)
  return false
}

const notYet = ({ code, message }: Refusal): Extract<Collection, { kind: 'not-yet' }> => ({
  kind: 'not-yet',
  message: `the CA answered ${code} ${message}`,
})

function notCollected(
  orderNumber: string,
  collection: Exclude<Collection, { kind: 'issued' }>,
  progress: OrderProgress | undefined,
): EnrollError {
  const refusal = collection.kind === 'refused' ? collection.refusal : undefined
  const why = refusal === undefined ? progress?.summary : `${refusal.code} ${refusal.message}`
  const message = sentence(`Could not collect the certificate of order ${orderNumber}: ${why}`)
  return new EnrollError('ca.collect', message, {
    remedy: refusal?.remedy ?? 'Ask the CA why; a new certificate needs a new order.',
    ...(refusal === undefined ? {} : { cause: new RefusedCall('the collection', refusal) }),
  })
}

/** What this process has said of the order of a run. */
const told = new WeakMap<Run, string>()

async function recordProgress(
  run: Run,
  { message, nextCall }: Extract<Collection, { kind: 'not-yet' }>,
  progress: OrderProgress | undefined,
): Promise<void> {
  const before = run.record.progress
  // What was not asked for, or was not answered, is as it was.
  const { summary, steps } = progress ?? before ?? { summary: message, steps: [] }
  const nextPollAt = nextCall === undefined ? undefined : new Date(nextCall).toISOString()
  const after = { summary, steps, nextPollAt }
  if (JSON.stringify({ ...before }) !== JSON.stringify(after)) await run.log({ type: 'progress', ...after })
  const open = steps.flatMap((step) => step.instruction ?? []) ?? []
  const next = nextPollAt === undefined ? [] : [`the CA may be asked for the certificate again at ${nextPollAt}`]
  const what = [summary, ...open].join('\n    ')
  // Who waits for days reads once what is to be done, and then only what is new.
  const lines = told.get(run) === what ? [['nothing new', ...next].join('; ')] : [what, ...next]
  told.set(run, what)
  run.services.observer.step({ step: 'issue', status: 'waiting', detail: lines.join('\n    ') })
}
