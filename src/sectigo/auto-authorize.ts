import { type ChangeOutcome, changeOutcome } from './change-outcome.ts'
import { AUTO_AUTHORIZE_ERRORS } from './errors/auto-authorize.ts'
import type { SectigoClient } from './http/client.ts'
import { AUTO_AUTHORIZE } from './parameters/auto-authorize.ts'
import { requireValid } from './parameters/require-valid.ts'

export interface AuthorizeRequest {
  readonly orderNumber: string
  /** Do not really authorize. */
  readonly test?: boolean
}

/** `!AutoAuthorize`: lets an order of `!PlaceOrder` go on and debits the account. One POST, exactly once. */
export async function autoAuthorize(
  client: SectigoClient,
  { orderNumber, test }: AuthorizeRequest,
  signal?: AbortSignal,
): Promise<ChangeOutcome> {
  const form = { orderNumber, ...(test === true ? { test: 'Y' } : {}) }
  requireValid(AUTO_AUTHORIZE, form)
  return changeOutcome(await client.post({ endpoint: '!AutoAuthorize', form, signal }), AUTO_AUTHORIZE_ERRORS)
}
