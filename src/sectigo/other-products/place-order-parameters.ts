import { HSM_TYPES } from '../../hsm-type.ts'
import { LANGUAGES } from '../parameters/languages.ts'
import type { Condition, Parameter, ParameterTable } from '../parameters/parameter.ts'

const PAGE = 'Sectigo API, Document Signing, !PlaceOrder, request'
const YES_NO = ['Y', 'N', 'y', 'n'] as const

type Rest = Partial<Omit<Parameter, 'name' | 'source'>>

const text = (name: string, max: number, rest: Rest = {}): Parameter => ({
  requirement: 'optional',
  type: 'string',
  max,
  ...rest,
  name,
  source: PAGE,
})
const number = (name: string, rest: Rest = {}): Parameter => ({
  requirement: 'optional',
  type: 'integer',
  ...rest,
  name,
  source: PAGE,
})
const yesNo = (name: string, rest: Rest = {}): Parameter => ({
  requirement: 'optional',
  type: 'char',
  max: 1,
  allowed: YES_NO,
  ...rest,
  name,
  source: PAGE,
})

const NO_NAME: Condition = { text: 'name is absent', holds: (form) => !form.has('name') }
const BROWSER = 'For browsers: a call from a back end gets its reply without it.'

const PARAMETERS: readonly Parameter[] = [
  text('ap', 64, { requirement: 'required' }),
  yesNo('reseller', {
    requirement: 'required',
    decision: "The table has Y and N, the page's own examples y: both are read.",
  }),
  text('errorURL', 255, { decision: BROWSER }),
  text('successURL', 255, { decision: BROWSER }),
  text('region', 64, { default: 'Unknown' }),
  yesNo('isReturningCustomer'),
  text('product', 255, { decision: 'Without a length on the page; for the Ordering URLs page only.' }),
  text('offerCode', 64, {
    allowed: ['FREE_EV_UPGRADE', 'FREE_EV_UPGRADE_REQUIRED', 'EVSSLPREREGISTRATIONOFFER', 'FREE_HP_UPGRADE'],
  }),
  text('organizationName', 64),
  text('organizationalUnitName', 64),
  text('postOfficeBox', 40),
  text('streetAddress1', 128),
  text('streetAddress2', 128),
  text('streetAddress3', 128),
  text('localityName', 128),
  text('stateOrProvinceName', 128),
  text('postalCode', 40),
  text('countryName', 2, {
    aliases: ['country'],
    format: 'country',
    default: 'US',
    wantedWhen: { text: 'the CA would take US', holds: () => true },
    decision: 'Left out, the CA takes US: its absence is reported.',
  }),
  text('dunsNumber', 20, { format: 'duns' }),
  text('companyNumber', 64),
  { ...text('BusinessCategory', 1), type: 'char', allowed: ['b', 'c', 'd'] },
  text('title', 64),
  text('name', 128, {
    requirement: 'conditional',
    requiredWhen: {
      text: 'neither foreName nor surName is present',
      holds: (form) => !form.has('foreName') && !form.has('surName'),
    },
    decision: 'One form or the other by the table; the ordering URL of the page sends both, which is read.',
  }),
  text('foreName', 64, { requirement: 'conditional', requiredWhen: both(NO_NAME, 'surName') }),
  text('surName', 64, { requirement: 'conditional', requiredWhen: both(NO_NAME, 'foreName') }),
  text('emailAddress', 255, {
    requirement: 'required',
    format: 'email',
    decision:
      'Required by its row, whose text lets its absence mean "returning customer": required, and isReturningCustomer says which.',
  }),
  text('telephoneNumber', 32),
  text('faxNumber', 32),
  text('loginName', 64, {
    requirement: 'required',
    decision: 'Required by the table although the POST and HTML samples leave it out: always sent.',
  }),
  text('loginPassword', 128, { requirement: 'required', decision: 'As loginName.' }),
  ...shipping(),
  text('languageName', 2, { allowed: LANGUAGES }),
  number('shippingTemplateID'),
  number('agreementTemplateID'),
]

function both(first: Condition, other: string): Condition {
  return {
    text: `${first.text} and ${other} is`,
    holds: (form) => first.holds(form) && form.has(other),
  }
}

function shipping(): readonly Parameter[] {
  const rows: readonly (readonly [name: string, max: number, format?: Parameter['format']])[] = [
    ['shippingOrganizationName', 64],
    ['shippingOrganizationalUnitName', 64],
    ['shippingStreetAddress1', 128],
    ['shippingStreetAddress2', 128],
    ['shippingStreetAddress3', 128],
    ['shippingLocalityName', 128],
    ['shippingStateOrProvinceName', 128],
    ['shippingPostalCode', 40],
    ['shippingCountryName', 2, 'country'],
    ['shippingTitle', 64],
    ['shippingForename', 64],
    ['shippingSurname', 64],
    ['shippingEmailAddress', 255, 'email'],
    ['shippingTelephone', 32],
  ]
  return rows.map(([name, max, format]) => text(name, max, format === undefined ? {} : { format }))
}

/** Order-wide parameters of `!PlaceOrder`. */
export const PLACE_ORDER: ParameterTable = {
  endpoint: '!PlaceOrder',
  title: 'Document Signing',
  source: 'https://docs.sectigo.com/sps/place-order-resellers/document-signing-certificates',
  parameters: PARAMETERS,
  rules: [
    {
      parameter: 'name',
      severity: 'warn',
      violated: (form) =>
        form.has('name') && form.has('foreName', 'surName') ? 'both name and foreName/surName are present' : undefined,
      remedy: 'Specify the name in one form.',
      source: PAGE,
    },
    {
      parameter: 'languageName',
      severity: 'warn',
      violated: (form) =>
        form.has('languageName') && form.has('shippingTemplateID', 'agreementTemplateID')
          ? 'a template identifier takes precedence over it'
          : undefined,
      remedy: 'Send the template identifier or the language, not both.',
      source: PAGE,
    },
  ],
}

const ATTESTED: Condition = {
  text: 'the item is enrolled with key attestation',
  holds: (form) => form.has('hsmType', 'keyAttestation'),
}

/** Parameters of one item (`1_…` or `_1_…`), without the prefix. The page calls its list a sample: other names exist. */
export const PLACE_ORDER_ITEM: ParameterTable = {
  endpoint: '!PlaceOrder',
  title: 'item',
  source: PLACE_ORDER.source,
  parameters: [
    number('ID', {
      requirement: 'conditional',
      requiredWhen: { text: 'there is no PPP', holds: (form) => !form.has('PPP') },
    }),
    number('PPP', { requirement: 'conditional' }),
    number('visibility', { allowed: ['-1', '0'], default: '-1' }),
    number('days', { requirement: 'conditional' }),
    ...['seats', 'users', 'servers', 'quantity', 'zones'].map((name) =>
      number(name, { decision: 'Required "depending on the product": Document Signing names none.' }),
    ),
    text('csr', 32_767, { format: 'csr', requiredWhen: ATTESTED }),
    text('hsmType', 20, { allowed: HSM_TYPES, requiredWhen: ATTESTED }),
    text('keyAttestation', 32_767, { format: 'base64', requiredWhen: ATTESTED }),
    yesNo('smartCardBased', { allowed: ['Y', 'N'] }),
  ],
  rules: [
    {
      parameter: 'hsmType',
      severity: 'fail',
      code: -83,
      violated: (form) =>
        form.isYes('smartCardBased') && ATTESTED.holds(form)
          ? 'a token order does not accept a key attestation'
          : undefined,
      remedy: 'Remove hsmType and keyAttestation, or set smartCardBased to N.',
      source: PAGE,
    },
  ],
}

/** Product pricing parameters of the page. */
export const PLACE_ORDER_PRODUCTS: Readonly<Record<string, { readonly name: string; readonly kind: PlaceOrderKind }>> =
  {
    '6050': { name: 'Document Signing on Azure, 1 year', kind: 'azure' },
    '6051': { name: 'Document Signing on Azure, 2 years', kind: 'azure' },
    '6052': { name: 'Document Signing on Azure, 3 years', kind: 'azure' },
    '6053': { name: 'Document Signing (Organization), 1 year', kind: 'organization' },
    '6054': { name: 'Document Signing (Organization), 2 years', kind: 'organization' },
    '6055': { name: 'Document Signing (Organization), 3 years', kind: 'organization' },
    '495': { name: 'eToken', kind: 'token' },
    '496': { name: 'Standard shipping', kind: 'shipping' },
    '497': { name: 'Expedited shipping', kind: 'shipping' },
    '498': { name: 'International shipping', kind: 'shipping' },
  }
export type PlaceOrderKind = 'azure' | 'organization' | 'token' | 'shipping'

/** Obligatory where a token is sent. */
export const TOKEN_SHIPPING_PARAMETERS: readonly string[] = [
  'shippingStreetAddress1',
  'shippingLocalityName',
  'shippingStateOrProvinceName',
  'shippingPostalCode',
  'shippingCountryName',
  'shippingForename',
  'shippingSurname',
  'shippingEmailAddress',
  'shippingTelephone',
]
