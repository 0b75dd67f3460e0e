import type { ErrorRow, ErrorTable } from './error-table.ts'
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

const MANUAL = 'AutoApplyOrder 3.44, section 2.1'
const PAGE = 'Sectigo API, Document Signing, !AutoApplyOrder, error codes'

const row = (
  code: ErrorRow['code'],
  message: string | undefined,
  cause: string,
  remedy: string,
  rest: { readonly final?: boolean; readonly doubtful?: true; readonly source?: string } = {},
): ErrorRow => ({ code, message, cause, remedy, final: true, ...rest })

const NEW_CSR = 'Create a new CSR with the key on the device.'
const NEW_NAME = 'Put the name of the organization or person into the Common Name.'
const ASK = 'Ask your account manager or partnerapisupport@sectigo.com.'
const LOOK_AT_MONEY = 'Compare the balance first; then ask Sectigo.'

/** The 48 rows of the Document Signing page in its order. Its numbers are lost; where no other document gives one, it is bounded. */
// biome-ignore format: a table, a row a line
const DOCUMENT_SIGNING: readonly ErrorRow[] = [
  NOT_HTTPS,
  UNRECOGNISED_ARGUMENT,
  MISSING_ARGUMENT,
  INVALID_ARGUMENT,
  row(-5, "The CSR's Common Name may NOT contain a wildcard!", 'the Common Name contains a wildcard', NEW_NAME),
  row(-6, "The CSR's Common Name MUST contain ONE wildcard!", 'the product requires a wildcard name', NEW_NAME),
  row(-7, "'xx' is not a valid ISO-3166 country!", 'the country code is not valid', 'Use the two-letter code of ISO 3166.'),
  row(-8, 'The CSR is missing a required field!', 'the subject of the CSR lacks a field', `Add it to the subject. ${NEW_CSR}`),
  row(-9, 'The CSR is not valid Base-64 data!', 'the CSR is not base64, or its + signs were lost on the way', 'Send the CSR as PEM in a percent-encoded form.'),
  row(-10, 'The CSR cannot be decoded!', 'the CSR is not PKCS#10 as the CA reads it; `hsm-enroll inspect` reports what strict parsers refuse', NEW_CSR),
  row(-11, 'The CSR uses an unsupported algorithm!', 'key or signature algorithm is not supported', 'Use RSA or ECDSA P-256/P-384 with SHA-256 or better.'),
  row(-12, 'The CSR has an invalid signature!', 'the signature of the CSR does not verify', NEW_CSR),
  row(-13, 'The CSR uses an unsupported key size!', 'the key is too small or too large', 'Generate an RSA key of 3072 or 4096 bits, or a P-256 or P-384 key.'),
  UNKNOWN_ERROR,
  row(-15, 'Not enough credit!', 'the account does not have enough credit', 'Add credit to the account, then order again.', { final: false }),
  { ...NO_ACCESS, message: 'Permission denied! Contact Sectigo Support to have your account enabled for the !AutoApplyOrder API.' },
  USED_GET,
  row(-18, "The CSR's Common Name may not be a Fully-Qualified Domain Name!", 'the Common Name is a domain name', NEW_NAME),
  row(-19, "The CSR's Common Name may not be an Internet-accessible IP Address!", 'the Common Name is a public IP address', NEW_NAME),
  row(-35, "The CSR's Common Name may not be an IP Address!", 'the Common Name is an IP address', NEW_NAME),
  row(-40, 'The CSR uses a key that is believed to have been compromised!', 'the key is on the list of compromised keys', 'Generate a new key; do not use this one for anything.'),
  row(-55, 'This Request Token is not unique!', 'the same request token was used before', 'Create a new CSR.'),
  row(-65, 'PlanID for this product not found.', 'the CA has no plan for this product', ASK, { final: false }),
  row(-68, "Argument 'xxxx' can be used just with License products!", 'a parameter is for licence products only', 'Remove the parameter in the message.'),
  row(-70, 'Invalid Email Address!', 'an e-mail address is not valid', 'Correct the address.'),
  row(-81, 'The order must have a Document-Signing Certificate!', 'token or shipping is ordered without a certificate', 'Add 1214 or 706 to the product list.'),
  row(-82, 'The order must have only one Web Package product!', 'more than one web package is ordered', 'Keep one.'),
  row(-83, "'xxxx' is not applicable to this order!", 'a parameter does not apply to this order', 'Remove the parameter in the message (hsmType and keyAttestation do not apply to a token order).'),
  row({ from: -89, to: -84 }, undefined, 'the order must include the item in the message', 'Add the item.'),
  row({ from: -90, to: -90 }, undefined, 'the user lacks a permission: see the message of the CA', ASK, { final: false }),
  row(-91, "Permission Denied 'context'", 'the user lacks a permission: see the message of the CA', ASK, { final: false }),
  row({ from: -111, to: -92 }, undefined, 'the CA failed while it read the CSR', NEW_CSR, { final: false, doubtful: true }),
  row({ from: -113, to: -93 }, undefined, 'the CA failed while it debited or credited the account (first of three)', LOOK_AT_MONEY, { final: false, doubtful: true }),
  row({ from: -113, to: -93 }, undefined, 'the CA failed while it debited or credited the account (second of three)', LOOK_AT_MONEY, { final: false, doubtful: true }),
  row({ from: -113, to: -93 }, undefined, 'the CA failed while it debited or credited the account (third of three)', LOOK_AT_MONEY, { final: false, doubtful: true }),
  row({ from: -114, to: -114 }, undefined, 'a value that the message calls "specified" is wrong', ASK, { final: false }),
  row(-115, 'No price found! Contact Support!', 'the account has no price for an item', ASK, {
    final: false,
    source: 'https://docs.sectigo.com/mcp/mark-certificates/api-unsuccessful-responses',
  }),
  row({ from: -120, to: -116 }, undefined, 'the cost of an item is wrong (first of two)', ASK, { final: false }),
  row({ from: -120, to: -116 }, undefined, 'the cost of an item is wrong (second of two)', ASK, { final: false }),
  row({ from: -120, to: -116 }, undefined, 'the product code is wrong', 'Correct the product.', { final: true }),
  row({ from: -120, to: -116 }, undefined, 'the CA failed', LOOK_AT_MONEY, { final: false, doubtful: true }),
  row({ from: -128, to: -116 }, undefined, 'organization identifier: TAX is no longer valid', 'Use TIN instead of TAX.'),
  row({ from: -128, to: -116 }, undefined, 'organization identifier: the format is wrong', 'Correct the identifier.'),
  row({ from: -128, to: -116 }, undefined, 'organization identifier: the country is wrong', 'Correct the country in the identifier.'),
  row(-129, "Error in key attestation verification 'Context'", 'the CA does not accept the key attestation', 'Run "hsm-enroll check" on the same files; the causes are listed most likely first.'),
  row({ from: -161, to: -130 }, undefined, 'the account is not allowed to order this type of product', ASK, { final: false }),
  row({ from: -161, to: -130 }, undefined, 'a parameter is not valid for this type of product', 'Remove the parameter in the message.'),
  row(
    -162,
    'CSR must not contain domain names that are not in the domainNames parameter!',
    'the CSR contains domain names',
    'Create a CSR without subjectAltName domain names.',
    { source: 'https://docs.sectigo.com/mcp/mark-certificates/api-unsuccessful-responses' },
  ),
]

/** What only the 3.44 manual has: licences and other products. */
// biome-ignore format: a table, a row a line
const GENERAL: readonly ErrorRow[] = [
  row(-45, 'You can not renew trial license!', 'a trial licence cannot be renewed', 'Order a new licence.'),
  row(-47, 'domainName is already validated!', 'the domain is already validated', 'Nothing to do for this domain.'),
  row(-53, 'Incorrect duration for main HG license or/and Additional IP addresses pack!', 'licence and address pack have different durations', 'Set both to the same number of days.'),
  row(-54, 'The order can have one main license only!', 'more than one main licence is ordered', 'Order one.'),
  row(
    -56,
    'Your current license expires on <EXPIRATION_DATE> . Licenses can only be renewed up to 30 days prior to the expiry of your existing license.',
    'the renewal is too early',
    'Renew within the last 30 days.',
    { final: false },
  ),
  row(-57, 'The company name already exists in the service Qualys!', 'the company already has an account', 'Use another company name, or renew.'),
  row(-58, 'Additional IP Addresses pack is not available for trial license!', 'a trial licence does not support an address pack', 'Remove 356.'),
  row(-59, 'Additional IP Address Packs may only be purchased for an existing HackerGuardian account!', 'there is no HackerGuardian account to add addresses to', 'Order the main licence first or with it.'),
  row(
    -60,
    'To renew your access to the PCI portal you must purchase enough IP Addresses to support those currently setup. Previously you have purchased <NUM_IPS_PURCHASED> IP addresses.',
    'too few addresses for the renewal',
    'Order at least as many as before.',
  ),
  row(-63, 'The e-mail already exists in the service CodeGuard', 'the e-mail address already has an account', 'Use another address.'),
  row(-64, 'Unknown partner for the service CodeGuard', 'the partner is unknown to CodeGuard', ASK, { final: false }),
  row(-66, 'CodeGuard partner is not activated.', 'the partner is not active at CodeGuard', ASK, { final: false }),
  row(-67, 'The order can have one CodeGuard license only!', 'more than one CodeGuard licence is ordered', 'Order one.'),
  row(-69, 'CodeGuard sync service disabled!', 'the CodeGuard service is disabled', 'Try again later.', { final: false }),
  row(-71, 'The previous order must have a license of the same type!', 'previousOrderNumber is for another kind of licence', 'Correct previousOrderNumber.'),
]

const ELSEWHERE: readonly ErrorRow[] = [
  {
    ...CALL_LIMIT,
    remedy: 'Wait an hour before ordering again, and let one process at a time order.',
    source: 'https://docs.sectigo.com/sitelock/sra-integration/response-parameters',
  },
]

export const AUTO_APPLY_ORDER_ERRORS: ErrorTable = {
  endpoint: '!AutoApplyOrder',
  source: PAGE,
  rows: DOCUMENT_SIGNING,
  elsewhere: ELSEWHERE,
}

/** Both tables: the numbers do not collide. */
export const AUTO_APPLY_ORDER_GENERAL_ERRORS: ErrorTable = {
  endpoint: '!AutoApplyOrder',
  source: MANUAL,
  rows: [...DOCUMENT_SIGNING, ...GENERAL],
  elsewhere: ELSEWHERE,
}
