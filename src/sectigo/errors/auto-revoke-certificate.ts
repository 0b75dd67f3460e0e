import type { ErrorTable } from './error-table.ts'
import {
  CALL_LIMIT,
  INVALID_ARGUMENT,
  MISSING_ARGUMENT,
  NO_ACCESS,
  NOT_HTTPS,
  UNKNOWN_ERROR,
  UNRECOGNISED_ARGUMENT,
  USED_GET,
} from './shared-rows.ts'

export const AUTO_REVOKE_CERTIFICATE_ERRORS: ErrorTable = {
  endpoint: '!autoRevokeCertificate',
  source: 'https://docs.sectigo.com/sps/auto-revoke-certificate; numbers from the mark-certificates page',
  rows: [
    NOT_HTTPS,
    UNRECOGNISED_ARGUMENT,
    MISSING_ARGUMENT,
    INVALID_ARGUMENT,
    UNKNOWN_ERROR,
    NO_ACCESS,
    USED_GET,
    {
      code: -20,
      cause: 'the order was already rejected',
      remedy: 'Nothing to do.',
      final: true,
    },
    {
      code: -21,
      cause: 'the certificate was already revoked',
      remedy: 'Nothing to do.',
      final: true,
    },
    {
      code: -35,
      cause: 'the certificate has expired',
      remedy: 'An expired certificate needs no revocation.',
      final: true,
    },
    CALL_LIMIT,
  ],
}
