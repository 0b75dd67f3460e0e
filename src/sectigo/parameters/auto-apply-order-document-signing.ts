import { HSM_TYPES } from '../../hsm-type.ts'
import { NO_STREET_IN_CSR, ORDERS_706, PARTNER_VALIDATED, REMOTE, TOKEN } from './document-signing-conditions.ts'
import { DOCUMENT_SIGNING_RULES } from './document-signing-rules.ts'
import { LANGUAGES } from './languages.ts'
import type { Parameter, ParameterTable } from './parameter.ts'

const PAGE = 'Sectigo API, Document Signing, !AutoApplyOrder, request row'
const row = (n: number, parameter: Omit<Parameter, 'source'>): Parameter => ({ ...parameter, source: `${PAGE} ${n}` })
const YES_NO = ['Y', 'N'] as const

/**
 * Request parameters of `!AutoApplyOrder` for Document Signing, in the page's order (54 rows). The page in hand lost its
 * name column; the names come from a copy of the same page, from `!PlaceOrder` and from the 3.44 manual by wording, type,
 * length and order. Rows without `confidence` are high.
 */
const PARAMETERS: readonly Parameter[] = [
  row(1, { name: 'loginName', requirement: 'required', type: 'string', max: 64 }),
  row(2, { name: 'loginPassword', requirement: 'required', type: 'string', max: 128 }),
  row(3, {
    name: 'product',
    requirement: 'required',
    type: 'string',
    max: 64,
    list: true,
    allowed: ['706', '1214', '577', '163'],
    decision:
      'The provisioning lines name only 1214, the sample and the 3.44 manual 706: both are sent; 706 for a remote key is reported as doubtful.',
  }),
  row(4, {
    name: 'days',
    requirement: 'required',
    type: 'integer',
    allowed: ['365'],
    decision: 'The 3.44 manual lists other periods; the newer Document Signing page allows 365 alone.',
  }),
  row(5, {
    name: 'includeIndividual',
    requirement: 'optional',
    type: 'char',
    allowed: YES_NO,
    appliesWhen: ORDERS_706,
    wantedWhen: ORDERS_706,
    decision: 'The page says Y is the default, the 3.44 manual N: send it explicitly with product 706.',
  }),
  row(6, {
    name: 'SmartCardBased',
    requirement: 'optional',
    type: 'char',
    max: 1,
    allowed: YES_NO,
    default: 'N',
    decision:
      'The page pairs remote provisioning with "Y or omitted"; the default N makes "N or omitted" the only sense.',
  }),
  row(7, {
    name: 'offerType',
    requirement: 'optional',
    type: 'integer',
    allowed: ['22', '23', '24'],
    requiredWhen: TOKEN,
    appliesWhen: TOKEN,
  }),
  row(8, { name: 'contactEmailAddress', requirement: 'optional', type: 'string', max: 255, format: 'email' }),
  row(9, {
    name: 'isCustomerValidated',
    requirement: 'required',
    type: 'char',
    max: 1,
    allowed: YES_NO,
    doubtful: { Y: 'only for partners whom Sectigo told so; the 3.44 manual allows N alone' },
    decision: 'The sample sends Y, the 3.44 manual allows N alone: both are sent, Y is reported.',
  }),
  row(10, { name: 'organizationName', requirement: 'required', type: 'string', max: 64 }),
  row(11, {
    name: 'streetAddress1',
    requirement: 'conditional',
    type: 'string',
    max: 128,
    requiredWhen: NO_STREET_IN_CSR,
    decision: 'The condition is lost on the page; the 3.44 manual drops it only where the CSR has a street.',
  }),
  row(12, { name: 'streetAddress2', requirement: 'optional', type: 'string', max: 128 }),
  row(13, { name: 'streetAddress3', requirement: 'optional', type: 'string', max: 128 }),
  row(14, {
    name: 'localityName',
    requirement: 'required',
    type: 'string',
    max: 128,
    decision: 'The 3.44 manual takes locality or state; this page asks for both.',
  }),
  row(15, {
    name: 'stateOrProvinceName',
    requirement: 'required',
    type: 'string',
    max: 128,
    decision: 'As localityName.',
  }),
  row(16, { name: 'countryName', requirement: 'required', type: 'string', max: 2, format: 'country' }),
  row(17, { name: 'postalCode', requirement: 'required', type: 'string', max: 40 }),
  row(18, {
    name: 'organizationalUnitName',
    requirement: 'optional',
    type: 'string',
    max: 64,
    decision: 'Marked "private certificates only", yet the sample sends it: accepted.',
  }),
  row(19, {
    name: 'appRepTitle',
    requirement: 'required',
    type: 'string',
    max: 64,
    decision: 'Marked required although its text needs it only for the callback: required.',
  }),
  row(20, { name: 'appRepForename', requirement: 'required', type: 'string', max: 64, decision: 'As appRepTitle.' }),
  row(21, { name: 'appRepSurname', requirement: 'required', type: 'string', max: 64, decision: 'As appRepTitle.' }),
  row(22, { name: 'appRepEmailAddress', requirement: 'required', type: 'string', max: 255, format: 'email' }),
  ...shippingRows(),
  row(37, { name: 'dunsNumber', requirement: 'optional', type: 'string', max: 20, format: 'duns' }),
  row(38, {
    name: 'companyNumber',
    requirement: 'optional',
    type: 'string',
    max: 64,
    decision: '25 characters in the 3.44 manual; the newer pages say 64.',
  }),
  row(39, { name: 'businessCategory', requirement: 'optional', type: 'char', max: 1, allowed: ['b', 'c', 'd'] }),
  row(40, { name: 'emailAddress', requirement: 'optional', type: 'string', max: 255, format: 'email-or-none' }),
  row(41, { name: 'validationEmailAddress', requirement: 'optional', type: 'string', max: 255, format: 'email' }),
  row(42, {
    name: 'hsmType',
    requirement: 'optional',
    type: 'string',
    max: 20,
    allowed: HSM_TYPES,
    requiredWhen: REMOTE,
    appliesWhen: REMOTE,
  }),
  row(43, {
    name: 'keyAttestation',
    requirement: 'optional',
    type: 'string',
    max: 32_767,
    format: 'base64',
    requiredWhen: REMOTE,
    appliesWhen: REMOTE,
  }),
  row(44, {
    name: 'csr',
    requirement: 'conditional',
    type: 'string',
    max: 32_767,
    format: 'csr',
    requiredWhen: REMOTE,
    decision:
      'Marked required, with the same "required for remote provisioning" clause as the two rows before it, and absent from the sample: conditional. So the page\'s own sample (remote, no csr) does not pass.',
  }),
  row(45, {
    name: 'callbackMethod',
    requirement: 'optional',
    type: 'char',
    max: 1,
    allowed: ['T', 'L'],
    confidence: 'medium',
  }),
  row(46, {
    name: 'isAppRepValidated',
    requirement: 'optional',
    type: 'char',
    max: 1,
    allowed: YES_NO,
    requiredWhen: PARTNER_VALIDATED,
  }),
  row(47, { name: 'isCallbackCompleted', requirement: 'optional', type: 'char', max: 1, allowed: YES_NO }),
  row(48, {
    name: 'showCertificateState',
    requirement: 'optional',
    type: 'char',
    max: 1,
    allowed: YES_NO,
    decision: 'No default is stated; N is taken.',
    default: 'N',
  }),
  row(49, { name: 'showCertificateID', requirement: 'optional', type: 'char', max: 1, allowed: YES_NO, default: 'N' }),
  row(50, { name: 'responseFormat', requirement: 'optional', type: 'char', max: 1, allowed: ['0', '1'], default: '0' }),
  row(51, { name: 'test', requirement: 'optional', type: 'char', max: 1, allowed: ['Y', 'N', 'y', 'n'], default: 'N' }),
  row(52, {
    name: 'languageName',
    requirement: 'optional',
    type: 'string',
    max: 2,
    allowed: LANGUAGES,
    default: 'en',
  }),
  row(53, {
    name: 'callbackTemplateID',
    requirement: 'optional',
    type: 'integer',
    confidence: 'medium',
    decision: 'The name is inferred from the wording; it is sent only where a form names it, with a warning.',
  }),
  row(54, { name: 'agreementTemplateID', requirement: 'optional', type: 'integer' }),
]

/** Rows 23 to 36. The page counts "the following 14"; its table has 13 after the first. */
function shippingRows(): readonly Parameter[] {
  const rows: readonly (readonly [name: string, max: number, needed?: 'needed', format?: Parameter['format']])[] = [
    ['shippingOrganizationName', 64],
    ['shippingOrganizationalUnitName', 64],
    ['shippingStreetAddress1', 128, 'needed'],
    ['shippingStreetAddress2', 128],
    ['shippingStreetAddress3', 128],
    ['shippingLocalityName', 128, 'needed'],
    ['shippingStateOrProvinceName', 128, 'needed'],
    ['shippingPostalCode', 40, 'needed'],
    ['shippingCountryName', 2, 'needed', 'country'],
    ['shippingTitle', 64],
    ['shippingForename', 64, 'needed'],
    ['shippingSurname', 64, 'needed'],
    ['shippingEmailAddress', 255, 'needed', 'email'],
    ['shippingTelephone', 32, 'needed'],
  ]
  return rows.map(([name, max, needed, format], index) =>
    row(23 + index, {
      name,
      requirement: 'optional',
      type: 'string',
      max,
      appliesWhen: TOKEN,
      ...(format === undefined ? {} : { format }),
      ...(needed === undefined ? {} : { wantedWhen: TOKEN }),
    }),
  )
}

export const AUTO_APPLY_ORDER_DOCUMENT_SIGNING: ParameterTable = {
  endpoint: '!AutoApplyOrder',
  title: 'Document Signing',
  source: 'https://docs.sectigo.com/sps/auto-apply-order/document-signing',
  parameters: PARAMETERS,
  rules: DOCUMENT_SIGNING_RULES,
}

/**
 * Parameters of the 3.44 manual that make an order recognisable. The newer page does not list them, so they are sent only
 * where the account is known to accept them; otherwise they may earn -2.
 */
export const ORDER_IDENTITY_PARAMETERS: readonly Parameter[] = [
  {
    name: 'foreignOrderNumber',
    requirement: 'optional',
    type: 'string',
    max: 64,
    source: 'AutoApplyOrder 3.44, section 1',
    decision:
      'The manual gives the type as char; its length of 64 says string. Not on the newer page: sent where configured.',
  },
  {
    name: 'checkFONsUnique',
    requirement: 'optional',
    type: 'char',
    max: 1,
    allowed: YES_NO,
    source: 'AutoApplyOrder 3.44, section 1',
  },
]
