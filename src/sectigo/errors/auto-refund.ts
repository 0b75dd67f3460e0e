import type { ErrorTable } from './error-table.ts'
import {
  INVALID_ARGUMENT,
  MISSING_ARGUMENT,
  NO_ACCESS,
  NOT_OVER_HTTPS,
  UNKNOWN_ERROR,
  UNRECOGNIZED_ARGUMENT,
  USED_GET,
} from './shared-rows.ts'

export const AUTO_REFUND_ERRORS: ErrorTable = {
  endpoint: '!AutoRefund',
  source: 'AutoApplyOrder 3.44, section 7',
  rows: [
    NOT_OVER_HTTPS,
    UNRECOGNIZED_ARGUMENT,
    MISSING_ARGUMENT,
    INVALID_ARGUMENT,
    UNKNOWN_ERROR,
    NO_ACCESS,
    USED_GET,
    {
      code: -18,
      message: 'Text explaining why the refund was unsuccessful.',
      cause: 'the refund was not granted, for the reason that the message gives',
      remedy: 'Ask for the refund with a ticket: https://sectigo.com/support-ticket',
      final: true,
    },
  ],
}
