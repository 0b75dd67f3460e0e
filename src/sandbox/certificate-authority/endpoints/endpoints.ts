import type { Endpoint } from '../rehearsal.ts'
import { autoApplyOrder } from './auto-apply-order.ts'
import { collect } from './collect.ts'
import { getAccountBalance } from './get-account-balance.ts'
import { getDetailedOrderStatus } from './get-detailed-order-status.ts'

/** Every endpoint of the rehearsal, by path under `/products/`. */
export const ENDPOINTS: readonly Endpoint[] = [autoApplyOrder, getDetailedOrderStatus, getAccountBalance, collect]
