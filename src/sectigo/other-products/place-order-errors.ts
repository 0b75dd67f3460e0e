import type { ErrorTable } from '../errors/error-table.ts'
import {
  INVALID_ARGUMENT,
  MISSING_ARGUMENT,
  NO_ACCESS,
  NOT_OVER_HTTPS,
  UNKNOWN_ERROR,
  UNRECOGNIZED_ARGUMENT,
} from '../errors/shared-rows.ts'

const ASK = 'Ask your account manager or partnerapisupport@sectigo.com.'

export const PLACE_ORDER_ERRORS: ErrorTable = {
  endpoint: '!PlaceOrder',
  source: 'Sectigo API, Document Signing, !PlaceOrder, error codes',
  rows: [
    NOT_OVER_HTTPS,
    UNRECOGNIZED_ARGUMENT,
    MISSING_ARGUMENT,
    INVALID_ARGUMENT,
    {
      code: -13,
      message: 'The CSR uses an unsupported key size!',
      cause: 'the key is too small or too large',
      remedy: 'Generate an RSA key of 3072 or 4096 bits, or a P-256 or P-384 key.',
      final: true,
    },
    UNKNOWN_ERROR,
    {
      ...NO_ACCESS,
      message: 'Incorrect login details, account is locked, password has expired or your source IP is blocked.',
    },
    {
      code: -38,
      message: "Certain details that must be validated for 'errorItem' are missing from this Account!",
      cause: 'the account lacks details that must be validated',
      remedy: 'Complete the account on the web site.',
      final: false,
    },
    {
      code: -39,
      message: 'At least 1 item is missing from this order!',
      cause: 'the order does not contain all its items',
      remedy: 'Add the certificate, and for a token 495 and one of 496, 497 and 498.',
      final: true,
    },
    {
      code: -44,
      message: 'Not a white-listed public key!',
      cause: 'the public key is not on the list of this account',
      remedy: ASK,
      final: false,
    },
    {
      code: -62,
      message: 'Company name is required but missing.',
      cause: 'organizationName is missing',
      remedy: 'Add organizationName.',
      final: true,
    },
    {
      code: -65,
      message: 'PlanID for this product not found.',
      cause: 'the CA has no plan for this product',
      remedy: ASK,
      final: false,
    },
    {
      code: -70,
      message: 'Invalid Email Address!',
      cause: 'an e-mail address is not valid',
      remedy: 'Correct the address.',
      final: true,
    },
    {
      code: -83,
      message: "'xxxx' is not applicable to this order!",
      cause: 'a parameter does not apply to this order',
      remedy: 'Remove the parameter in the message.',
      final: true,
    },
    {
      code: -91,
      message: "Permission Denied. 'xxx'",
      cause: 'the user lacks a permission: see the message of the CA',
      remedy: ASK,
      final: false,
    },
    {
      code: -97,
      message: 'Session is expired',
      cause: 'the session ended',
      remedy: 'Log in again.',
      final: false,
    },
    {
      code: -127,
      message: 'Document Signing Anchors are restricted for PlaceOrder API',
      cause: 'affiliates are not allowed to order Document Signing here',
      remedy: 'Order with !AutoApplyOrder, or ask Sectigo.',
      final: true,
    },
    {
      code: -129,
      message: "Error in key attestation verification 'Context'",
      cause: 'the CA does not accept the key attestation',
      remedy: 'Run "hsm-enroll check" on the same files; the causes are listed most likely first.',
      final: true,
    },
  ],
}
