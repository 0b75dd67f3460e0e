import { HSM_TYPES } from '../../hsm-type.ts'
import type { Condition, Parameter, ParameterTable } from '../parameters/parameter.ts'
import { PRODUCTS } from '../parameters/products.ts'
import {
  ADDITIONAL_IP,
  absent,
  both,
  CALLBACK,
  CERTIFICATE_ORDER,
  CODE_SIGNING,
  EV,
  given,
  HACKERPROOF,
  LICENCE,
  MULTI_DOMAIN,
  NO_DOMAIN_IN_CSR,
  NOT_DV,
  notInCsr,
  ORGANIZATION,
  PERSONAL_ENTERPRISE,
  SCANNED,
  SCANNING,
  SINGLE_DOMAIN,
  SSL_ORDER,
  TRUSTLOGO,
} from './general-conditions.ts'
import { GENERAL_RULES } from './general-rules.ts'

const MANUAL = 'AutoApplyOrder 3.44, section 1'
const CODE_SIGNING_PAGE = 'https://docs.sectigo.com/sps/auto-apply-order/code-signing'
const YES_NO = ['Y', 'N'] as const

type Rest = Partial<Omit<Parameter, 'name' | 'type' | 'source'>> & { readonly source?: string }

const row = (name: string, type: Parameter['type'], max: number | undefined, rest: Rest = {}): Parameter => ({
  requirement: 'optional',
  source: MANUAL,
  ...rest,
  name,
  type,
  ...(max === undefined ? {} : { max }),
})
const text = (name: string, max: number, rest?: Rest): Parameter => row(name, 'string', max, rest)
const number = (name: string, rest?: Rest): Parameter => row(name, 'integer', undefined, rest)
const yesNo = (name: string, rest?: Rest): Parameter => row(name, 'char', 1, { allowed: YES_NO, ...rest })

/** Bold in the manual, and droppable where the CSR has the value. Only products with an organization need it (section 5). */
const address = (name: string, max: number, attribute: string, label: string, rest: Rest = {}): Parameter =>
  text(name, max, { requirement: 'conditional', requiredWhen: both(ORGANIZATION, notInCsr(attribute, label)), ...rest })

const representative = (name: string, max: number, rest: Rest = {}): Parameter =>
  text(name, max, { relevantWhen: given('appRepOrganizationName'), ...rest })

const neither: Condition = both(absent('appRepEmailAddress', 'contactEmailAddress'), NOT_DV)

const PARAMETERS: readonly Parameter[] = [
  text('loginName', 64, { requirement: 'required' }),
  text('loginPassword', 128, { requirement: 'required' }),
  text('product', 64, { requirement: 'required', list: true, allowed: PRODUCTS.map(({ code }) => code) }),
  number('days', { requirement: 'required' }),
  number('serverSoftware', {
    requirement: 'conditional',
    allowed: ['2', '10', '14', '35', '36', '18', '30', '31', '-1'],
    requiredWhen: SSL_ORDER,
    decision: 'Bold without a condition, yet only the SSL examples (5.1 to 5.3) send it: required for SSL.',
  }),
  text('domainNames', 32_767, {
    requirement: 'conditional',
    requiredWhen: NO_DOMAIN_IN_CSR,
    relevantWhen: MULTI_DOMAIN,
    decision: 'Only relevant for multi-domain products, yet example 5.3 sends it for 562: reported, not refused.',
  }),
  text('primaryDomainName', 64, { relevantWhen: MULTI_DOMAIN, decision: 'As domainNames.' }),
  number('maxSubjectCNs', { relevantWhen: MULTI_DOMAIN }),
  text('csr', 32_767, {
    requirement: 'conditional',
    format: 'csr',
    requiredWhen: both(CERTIFICATE_ORDER, absent('pkcs10', 'spkac')),
  }),
  text('pkcs10', 32_767, { format: 'csr', source: 'AutoApplyOrder 3.44, sections 5.7 to 5.9' }),
  text('spkac', 32_767, { format: 'base64', source: 'AutoApplyOrder 3.44, sections 5.7 to 5.9' }),
  text('uniqueValue', 20, { format: 'alphanumeric', relevantWhen: SSL_ORDER }),
  yesNo('prioritiseCSRValues', { default: 'Y' }),
  text('organizationName', 64, {
    requirement: 'conditional',
    requiredWhen: {
      text: 'an organization is validated and the CSR contains none, or the product is HackerGuardian or HackerProof',
      holds: (form) => SCANNING.holds(form) || (ORGANIZATION.holds(form) && !form.csrHas('O')),
    },
  }),
  text('organizationalUnitName', 64),
  text('postOfficeBox', 40),
  address('streetAddress1', 128, 'street', 'street address'),
  text('streetAddress2', 128),
  text('streetAddress3', 128),
  text('localityName', 128, { decision: 'One of localityName and stateOrProvinceName is enough (version 3.2).' }),
  text('stateOrProvinceName', 128, { decision: 'As localityName.' }),
  address('postalCode', 40, 'postalCode', 'postal code', {
    misspelt: ['potsalCode'],
    decision: 'Example 5.2 writes potsalCode: read as postalCode, and sent as postalCode.',
  }),
  address('countryName', 2, 'C', 'country', { format: 'country' }),
  text('dunsNumber', 20, { format: 'duns' }),
  text('companyNumber', 25, { decision: '25 here, 64 on the Document Signing pages: each page for its own products.' }),
  text('joiLocalityName', 128, { relevantWhen: EV }),
  text('joiStateOrProvinceName', 128, { relevantWhen: EV }),
  text('joiCountryName', 2, {
    format: 'country',
    relevantWhen: EV,
    wantedWhen: EV,
    decision: 'Bold for EV, yet example 5.3 (EV) leaves it out: reported, not refused.',
  }),
  text('dateOfIncorporation', 10, { format: 'date', relevantWhen: EV }),
  text('assumedName', 64, { relevantWhen: EV }),
  row('businessCategory', 'char', 1, { allowed: ['b', 'c', 'd'] }),
  text('emailAddress', 255, { format: 'email-or-none' }),
  text('validationEmailAddress', 255, { format: 'email' }),
  text('contactEmailAddress', 255, { format: 'email' }),
  text('dcvMethod', 32, {
    allowed: ['EMAIL', 'HTTP_CSR_HASH', 'CNAME_CSR_HASH', 'IP_ADDRESS_PRE'],
    default: 'EMAIL',
    relevantWhen: SSL_ORDER,
  }),
  text('dcvEmailAddress', 255, { format: 'email', relevantWhen: SINGLE_DOMAIN }),
  text('dcvEmailAddresses', 32_767, { relevantWhen: MULTI_DOMAIN }),
  number('dcvTemplateID', { relevantWhen: SSL_ORDER }),
  text('validationTokens', 32_767, { relevantWhen: MULTI_DOMAIN, decision: 'As domainNames.' }),
  number('caCertificateID', { decision: 'By special agreement only: other accounts are refused by the CA.' }),
  row('isCustomerValidated', 'char', 1, {
    requirement: 'conditional',
    allowed: ['N'],
    requiredWhen: SSL_ORDER,
    decision: 'Bold without a condition, yet only the SSL examples send it; N is the only value of the manual.',
  }),
  yesNo('showCertificateID', { default: 'N' }),
  text('foreignOrderNumber', 64, { decision: 'The manual gives the type as char; its length of 64 says string.' }),
  yesNo('checkFONsUnique'),
  row('responseFormat', 'char', 1, { allowed: ['0', '1'], default: '0' }),
  row('test', 'char', 1, { allowed: ['Y', 'N', 'y', 'n'], default: 'N' }),
  text('idaEmailAddress', 255, { format: 'email', relevantWhen: TRUSTLOGO }),
  text('idaTelephoneNumber', 32, { relevantWhen: TRUSTLOGO }),
  text('idaFaxNumber', 32, { relevantWhen: TRUSTLOGO }),
  text('appRepForename', 64, {
    requirement: 'conditional',
    requiredWhen: SCANNED,
    wantedWhen: CALLBACK,
    decision:
      'Required where Sectigo performs the callback, yet example 5.2 (OV) leaves it out: reported, not refused.',
  }),
  text('appRepSurname', 64, {
    requirement: 'conditional',
    requiredWhen: SCANNED,
    wantedWhen: CALLBACK,
    decision: 'As appRepForename.',
  }),
  text('appRepEmailAddress', 255, {
    requirement: 'conditional',
    format: 'email',
    requiredWhen: neither,
    decision:
      'Required for all products, yet the DV example 5.1 leaves it out and 5.7 to 5.9 take contactEmailAddress in its place: required but for DV, or the other address.',
  }),
  text('appRepTelephone', 32, { wantedWhen: CALLBACK, decision: 'As appRepForename.' }),
  text('appRepTitle', 64),
  text('appRepFax', 32),
  text('appRepOrganizationName', 255),
  representative('appRepOrganizationalUnitName', 64),
  representative('appRepStreetAddress1', 128),
  representative('appRepStreetAddress2', 128),
  representative('appRepStreetAddress3', 128),
  representative('appRepPostOfficeBox', 128),
  representative('appRepLocalityName', 128),
  representative('appRepStateOrProvinceName', 128),
  representative('appRepPostalCode', 40),
  text('appRepCountryName', 2, {
    format: 'country',
    wantedWhen: SCANNING,
    decision: 'Listed for HackerGuardian (4.2), yet its examples send countryName: reported, not refused.',
  }),
  row('callbackMethod', 'char', 1, { allowed: ['T', 'L'] }),
  yesNo('isAppRepValidated', {
    requirement: 'conditional',
    requiredWhen: {
      text: 'isCallbackCompleted is Y',
      holds: (form) => form.isYes('isCallbackCompleted'),
    },
  }),
  yesNo('isCallbackCompleted'),
  yesNo('showCertificateState'),
  yesNo('omitAdditionalFQDN', { default: 'N', relevantWhen: SINGLE_DOMAIN }),
  text('appRepLoginName', 50, {
    requirement: 'conditional',
    requiredWhen: SCANNED,
    decision:
      'Required too for "products with additional HackerGuardian license": taken to be those that section 1 marks (*).',
  }),
  text('AppRepLoginPassword', 255, {
    requirement: 'conditional',
    requiredWhen: HACKERPROOF,
    relevantWhen: SCANNING,
    decision: 'No length is given. For HackerProof only, yet example 5.5 sends it with 346,329.',
  }),
  number('IP Addresses', {
    requirement: 'conditional',
    allowed: ['1', '5', '10', '50', '100', '500', '1000'],
    requiredWhen: ADDITIONAL_IP,
    decision: 'Listed for every HackerGuardian order (4.2), yet only 5.6, the pack, sends it: required with 356.',
  }),
  number('previousOrderNumber', {
    inapplicableCode: -68,
    appliesWhen: LICENCE,
    decision: 'The manual gives -68 where it does not fit.',
  }),
  row('includeIndividual', 'char', undefined, {
    allowed: YES_NO,
    default: 'N',
    appliesWhen: { text: 'product 706 is ordered', holds: (form) => form.products.includes('706') },
    decision: 'Section 4.4 calls it an integer, section 1 a char with Y and N: Y and N.',
  }),
  number('offerType', {
    allowed: ['22', '23', '24'],
    relevantWhen: { text: 'shipping (163) is ordered', holds: (form) => form.products.includes('163') },
  }),
  yesNo('IgnoreMasterAccount', { default: 'N', relevantWhen: ORGANIZATION }),
  yesNo('disableSWP', { default: 'N', relevantWhen: SSL_ORDER }),
  yesNo('SmartCardBased', {
    default: 'N',
    decision:
      'The manual: Y only for EV code signing. The newer code-signing page takes it for every code-signing product.',
    relevantWhen: CODE_SIGNING,
  }),
  text('privateKeyFilename', 1024, { aliases: ['pvkFilename'], relevantWhen: CODE_SIGNING }),
  text('cspName', 255, { default: 'Microsoft Enhanced Cryptographic Provider v1.0' }),
  yesNo('isKeyProtected', { default: 'N', relevantWhen: PERSONAL_ENTERPRISE }),
  yesNo('isKeyExportable', { default: 'N', relevantWhen: PERSONAL_ENTERPRISE }),
  text('hsmType', 20, {
    allowed: HSM_TYPES,
    appliesWhen: CODE_SIGNING,
    requiredWhen: given('keyAttestation'),
    source: CODE_SIGNING_PAGE,
    confidence: 'medium',
    decision: 'Not in the manual; the newer pages use the same two fields for code signing.',
  }),
  text('keyAttestation', 32_767, {
    format: 'base64',
    appliesWhen: CODE_SIGNING,
    requiredWhen: given('hsmType'),
    source: CODE_SIGNING_PAGE,
    confidence: 'medium',
    decision: 'As hsmType.',
  }),
]

/** Request parameters of the 3.44 manual for every product but Document Signing, which has a newer page. */
export const AUTO_APPLY_ORDER_GENERAL: ParameterTable = {
  endpoint: '!AutoApplyOrder',
  title: 'general manual 3.44',
  source: MANUAL,
  parameters: PARAMETERS,
  rules: GENERAL_RULES,
}
