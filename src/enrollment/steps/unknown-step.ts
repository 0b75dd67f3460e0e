import { EnrollError } from '../../errors.ts'
import type { Balance } from '../../sectigo/certificate-authority.ts'
import { logBalance } from '../log-balance.ts'
import type { Run } from '../run.ts'
import { untilStopped } from '../services.ts'
import { weighUnknown } from '../weigh-unknown.ts'

const DIED = 'hsm-enroll ended between sending the order and reading the answer'

/** Gathers what speaks for or against an order whose outcome is unknown, and shows it. Sends nothing that costs. */
export async function runUnknownStep(run: Run): Promise<void> {
  const reason = run.record.unknownReason ?? DIED
  if (run.record.state === 'submitting') await run.log({ type: 'unknown', reason })
  if (run.record.submission?.acme !== true) await logBalance(run, { reason }, () => readBalance(run))
  // An ACME account has no balance that could tell.
  const evidence =
    run.record.submission?.acme === true
      ? 'the server shows an order that waits to be finalised, or cannot be asked'
      : weighUnknown(run.record).reason
  run.services.observer.step({ step: 'order', status: 'waiting', detail: `outcome unknown: ${reason}; ${evidence}` })
}

async function readBalance({ services, configuration }: Run): Promise<Balance | undefined> {
  try {
    const ca = await services.certificateAuthority(configuration)
    return await ca.balance(untilStopped(services))
  } catch (error) {
    if (error instanceof EnrollError) return undefined
    throw error
  }
}
