import type { ErrorTable } from './error-table.ts'
import {
  CALL_LIMIT,
  INVALID_ARGUMENT,
  MISSING_ARGUMENT,
  NO_ACCESS,
  NOT_HTTPS,
  UNKNOWN_ERROR,
  USED_GET,
} from './shared-rows.ts'

export const GET_ACCOUNT_BALANCE_ERRORS: ErrorTable = {
  endpoint: '!getAccountBalance',
  source: 'AutoApplyOrder 3.44, section 9',
  rows: [
    NOT_HTTPS,
    MISSING_ARGUMENT,
    INVALID_ARGUMENT,
    UNKNOWN_ERROR,
    NO_ACCESS,
    USED_GET,
    {
      code: -19,
      message: 'Only for CCM accounts!',
      cause: 'this type of account has no balance',
      remedy: 'Read the balance on the web site.',
      final: true,
    },
    CALL_LIMIT,
  ],
}
