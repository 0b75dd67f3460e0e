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

/** The collect family (CollectSSL, CollectCCC, CollectMC): no table of its own is in hand; these rows are
 * common to the documents' endpoints, and other numbers are shown with the CA's own words. */
export const COLLECT_ERRORS: ErrorTable = {
  endpoint: 'CollectSSL',
  source: 'https://docs.sectigo.com/sps/collect-ssl/request and its changelog',
  rows: [
    NOT_HTTPS,
    UNRECOGNISED_ARGUMENT,
    MISSING_ARGUMENT,
    INVALID_ARGUMENT,
    UNKNOWN_ERROR,
    NO_ACCESS,
    USED_GET,
    CALL_LIMIT,
    ...[-90, -91].map((code) => ({
      code,
      cause: 'the user lacks a permission: see the message of the CA',
      remedy: 'Ask Sectigo which endpoint collects Document Signing certificates; the mailed file can be imported.',
      final: false,
    })),
  ],
}
