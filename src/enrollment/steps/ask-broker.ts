import { isBrokered } from '../../config/order-route.ts'
import { EnrollError } from '../../errors.ts'
import { takeOutcome } from '../order-once.ts'
import type { Run } from '../run.ts'
import { untilStopped } from '../services.ts'

/**
 * Asks the broker what became of an order that this host asked for: it may have been restarted, or a person may have found out. True once
 * that is known, so that the run goes on. False where there is no broker, or it does not know either, or it does not answer.
 */
export async function askBroker(run: Run): Promise<boolean> {
  const { record, configuration, services } = run
  const spkiSha256 = record.submission?.spkiSha256
  if (spkiSha256 === undefined || !isBrokered(configuration)) return false
  const ca = await services.certificateAuthority(configuration)
  const key = { spkiSha256, test: record.test }
  const outcome = await ca.outcomeOf?.(key, untilStopped(services)).catch((error: unknown) => {
    if (!(error instanceof EnrollError) || error.code !== 'broker.unreachable') throw error
    services.observer.step({ step: 'order', status: 'waiting', detail: error.message })
    return undefined
  })
  if (outcome === undefined) return false
  if (outcome.kind === 'unknown') {
    services.observer.step({ step: 'order', status: 'waiting', detail: outcome.reason })
    return false
  }
  // What was not sent is asked for again, if this command may order.
  await takeOutcome(run, { balance: () => ca.balance() }, outcome).catch((error: unknown) => {
    if (!(error instanceof EnrollError) || outcome.kind !== 'not-sent') throw error
  })
  return true
}
