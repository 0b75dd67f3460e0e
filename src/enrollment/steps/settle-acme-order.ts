import { EnrollError } from '../../errors.ts'
import type { OrderProgress } from '../../sectigo/certificate-authority.ts'
import { releaseClaims } from '../order-claims.ts'
import type { Run } from '../run.ts'
import { untilStopped } from '../services.ts'

/**
 * An order with an ACME server shows what became of it: one that was never finalised has issued nothing, and one that was is asked.
 * Returns whether the run knows now. Sends nothing that has an effect.
 */
export async function settleAcmeOrder(run: Run): Promise<boolean> {
  const { submission, acmeOrder } = run.record
  if (submission?.acme !== true) return false
  if (acmeOrder === undefined) return isNotPlaced(run)
  const progress = await ask(run, acmeOrder.url)
  switch (progress?.state) {
    case 'issued':
    case 'pending':
      await run.log({ type: 'ordered', orderNumber: acmeOrder.url, paymentRequired: false })
      return true
    case 'rejected':
      return isNotPlaced(run)
    case 'unknown':
    case 'revoked':
      // The server has the order, and it waits to be finalised: what was sent then may still be on its way.
      return acmeOrder.finalizing ? false : isNotPlaced(run)
    case undefined:
      return false
  }
}

async function isNotPlaced(run: Run): Promise<true> {
  await run.log({ type: 'not-sent', reason: 'the ACME order was not finalised: no certificate was issued for it' })
  await releaseClaims(run)
  return true
}

async function ask({ services, configuration }: Run, url: string): Promise<OrderProgress | undefined> {
  try {
    const ca = await services.certificateAuthority(configuration)
    return await ca.orderProgress(url, untilStopped(services))
  } catch (error) {
    if (error instanceof EnrollError) return undefined
    throw error
  }
}
