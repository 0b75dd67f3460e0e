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

/** The page's own table is not in hand: the rows that every endpoint has, and the one for money. */
export const AUTO_AUTHORIZE_ERRORS: ErrorTable = {
  endpoint: '!AutoAuthorize',
  source: 'https://docs.sectigo.com/sps/auto-authorize/request; error table not in hand',
  rows: [
    NOT_HTTPS,
    UNRECOGNISED_ARGUMENT,
    MISSING_ARGUMENT,
    INVALID_ARGUMENT,
    UNKNOWN_ERROR,
    {
      code: -15,
      message: 'Not enough credit!',
      cause: 'the account does not have enough credit',
      remedy: 'Add credit to the account, then authorize again.',
      final: false,
    },
    NO_ACCESS,
    USED_GET,
  ],
}
