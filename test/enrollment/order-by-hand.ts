import type { OrderToPlace } from '../../src/enrollment/order-once.ts'
import type { EnrollmentServices } from '../../src/enrollment/services.ts'

const never = (): never => {
  throw new Error('not asked for here')
}

/** What a run needs that asks neither a device nor a CA. */
export const bareServices = (stateDirectory: string): EnrollmentServices => ({
  stateDirectory,
  now: Date.now,
  monotonic: () => performance.now(),
  sleep: never,
  reading: { env: {} },
  observer: { step: () => undefined },
  openDevice: never,
  certificateAuthority: never,
})

/** An order that counts how often it is sent, and of which nobody knows what became. */
export function countedOrder(
  endpoint: string,
  balance: OrderToPlace['balance'] = async () => ({ amount: '1' }),
): OrderToPlace & { readonly spkiSha256: string; readonly sent: () => number } {
  let sent = 0
  return {
    form: { product: '1214' },
    endpoint,
    spkiSha256: 'ab'.repeat(32),
    faults: [],
    balance,
    send: async () => {
      sent++
      return { kind: 'unknown', reason: 'r' }
    },
    sent: () => sent,
  }
}
