import type { Endpoint } from '../rehearsal.ts'
import { autoApplyOrder } from './auto-apply-order.ts'
import { autoAuthorize } from './auto-authorize.ts'
import { autoRefund } from './auto-refund.ts'
import { autoRevokeCertificate } from './auto-revoke-certificate.ts'
import { collect } from './collect.ts'
import { getAccountBalance } from './get-account-balance.ts'
import { getDetailedOrderStatus } from './get-detailed-order-status.ts'
import { placeOrder } from './place-order.ts'

/** Every endpoint of the rehearsal, by path under `/products/`. */
export const ENDPOINTS: readonly Endpoint[] = [
  autoApplyOrder,
  placeOrder,
  autoAuthorize,
  getDetailedOrderStatus,
  getAccountBalance,
  autoRefund,
  autoRevokeCertificate,
  collect,
]
