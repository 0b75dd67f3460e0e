import { type ChangeOutcome, changeOutcome } from './change-outcome.ts'
import { AUTO_REFUND_ERRORS } from './errors/auto-refund.ts'
import type { SectigoClient } from './http/client.ts'
import { AUTO_REFUND } from './parameters/auto-refund.ts'
import { requireValid } from './parameters/require-valid.ts'

/** To be said before anything is sent (AutoApplyOrder 3.44, section 7, and the refund overview page). */
export const REFUND_COVERS =
  'Sectigo refunds through the API only single and wildcard SSL certificates and SiteLock. A Document Signing order must be refunded with a ticket: https://sectigo.com/support-ticket'

export interface RefundRequest {
  readonly orderNumber: string
  /** A key of `REFUND_REASONS`. */
  readonly reasonCode: string
}

/** `!AutoRefund`. One POST, exactly once. */
export async function autoRefund(
  client: SectigoClient,
  { orderNumber, reasonCode }: RefundRequest,
  signal?: AbortSignal,
): Promise<ChangeOutcome> {
  const form = { orderNumber, refundReasonCode: reasonCode }
  requireValid(AUTO_REFUND, form)
  return changeOutcome(await client.post({ endpoint: '!AutoRefund', form, signal }), AUTO_REFUND_ERRORS)
}
