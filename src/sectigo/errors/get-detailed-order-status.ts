import type { ErrorTable } from './error-table.ts'
import {
  INVALID_ARGUMENT,
  MISSING_ARGUMENT,
  NO_ACCESS,
  NOT_HTTPS,
  UNKNOWN_ERROR,
  UNRECOGNISED_ARGUMENT,
  USED_GET,
} from './shared-rows.ts'

export const GET_DETAILED_ORDER_STATUS_ERRORS: ErrorTable = {
  endpoint: '!GetDetailedOrderStatus',
  source: 'AutoApplyOrder 3.44, section 8',
  rows: [NOT_HTTPS, UNRECOGNISED_ARGUMENT, MISSING_ARGUMENT, INVALID_ARGUMENT, UNKNOWN_ERROR, NO_ACCESS, USED_GET],
}
