import type { FormView } from '../parameters/form-view.ts'
import type { TableRule } from '../parameters/parameter.ts'
import { PRODUCT_PAIRS, type ProductFamily, TOKEN_ITEMS } from '../parameters/products.ts'
import { MULTI_DOMAIN, ORGANIZATION, productsOf, SCANNING } from './general-conditions.ts'

const MANUAL = 'AutoApplyOrder 3.44'
const CERTIFICATE_DAYS = ['30', '90', '365', '730', '1095', '1461', '1826']
const CERTIFICATES: readonly ProductFamily[] = ['ssl', 'code-signing', 'personal-authentication', 'document-signing']
const MAIN_LICENCES = ['341', '586', '346', '349', '357']

const count = (form: FormView, ...families: readonly ProductFamily[]): number =>
  productsOf(form).filter(({ family, code }) => families.includes(family) && !TOKEN_ITEMS.includes(code)).length

const tooMany = (code: number, text: string, counted: (form: FormView) => number): TableRule => ({
  parameter: 'product',
  severity: 'fail',
  code,
  violated: (form) => (counted(form) > 1 ? text : undefined),
  remedy: 'Order them one by one.',
  source: `${MANUAL}, sections 1 and 2.1`,
})

/** The licences' accounts take shorter values than the parameters themselves (sections 4.2 and 4.3). */
const shorter = (parameter: string, max: number): TableRule => ({
  parameter,
  severity: 'fail',
  code: -4,
  violated: (form) =>
    SCANNING.holds(form) && [...(form.get(parameter) ?? '')].length > max
      ? `at most ${max} characters for HackerGuardian and HackerProof`
      : undefined,
  remedy: 'Shorten it.',
  source: `${MANUAL}, sections 4.2 and 4.3`,
})

/** Unified Communications: one Common Name always, that of the CSR where none is named. */
const UNIFIED_COMMUNICATIONS = ['361', '492']
const ONE_FOR_ALL = ['ALLHTTPCSRHASH', 'ALLCNAMECSRHASH', 'ALLIPADDRESSPRE']

/** A word for all domains stands alone; else there is one entry for each domain, in the same order. */
const perDomain = (parameter: string): readonly TableRule[] => [
  {
    parameter,
    severity: 'fail',
    code: -4,
    violated: (form) => {
      const values = form.listOf(parameter)
      const word = values.find((value) => ONE_FOR_ALL.includes(value.toUpperCase()))
      return word === undefined || values.length === 1 ? undefined : `${word} appears with other values`
    },
    remedy: 'Use the one word alone, or one entry for each domain.',
    source: `${MANUAL}, section 1, ${parameter}`,
  },
  {
    parameter,
    severity: 'warn',
    violated: (form) => {
      const [values, domains] = [form.listOf(parameter), form.listOf('domainNames')]
      if (values.length === 0 || domains.length === 0 || values.length === domains.length) return undefined
      return values.some((value) => ONE_FOR_ALL.includes(value.toUpperCase()))
        ? undefined
        : `${values.length} entries for ${domains.length} domains`
    },
    remedy: 'Use one entry for each domain, in the order of domainNames.',
    source: `${MANUAL}, section 1, ${parameter}`,
  },
]

/** What the general parameters have between them. */
export const GENERAL_RULES: readonly TableRule[] = [
  tooMany(-4, 'more than one certificate is specified', (form) => count(form, ...CERTIFICATES)),
  tooMany(
    -54,
    'more than one main licence is specified',
    (form) => form.products.filter((code) => MAIN_LICENCES.includes(code)).length,
  ),
  tooMany(-67, 'more than one CodeGuard licence is specified', (form) => count(form, 'codeguard')),
  tooMany(-82, 'more than one web package is specified', (form) => count(form, 'web-security')),
  {
    parameter: 'product',
    severity: 'fail',
    code: -4,
    violated: ({ products }) => {
      const half = PRODUCT_PAIRS.find(([one, other]) => products.includes(one) !== products.includes(other))
      return half === undefined ? undefined : `${half.join(' and ')} belong together`
    },
    remedy: 'Specify both codes of the pair.',
    source: `${MANUAL}, section 1, HackerGuardian Products (Pairs)`,
  },
  {
    parameter: 'product',
    severity: 'fail',
    code: -59,
    violated: ({ products }) =>
      products.includes('356') && !products.some((code) => MAIN_LICENCES.includes(code))
        ? 'the address pack needs a HackerGuardian licence'
        : undefined,
    remedy: 'Order the licence with it.',
    source: `${MANUAL}, error -59`,
  },
  {
    parameter: 'product',
    severity: 'fail',
    code: -58,
    violated: ({ products }) =>
      products.includes('356') && products.includes('341')
        ? 'a trial licence does not support an address pack'
        : undefined,
    remedy: 'Remove 356.',
    source: `${MANUAL}, error -58`,
  },
  {
    parameter: 'product',
    severity: 'fail',
    code: -4,
    violated: (form) =>
      form.products.includes('36') &&
      !productsOf(form).some(({ validation }) => validation === 'OV' || validation === 'EV')
        ? 'a TrustLogo goes with an OV or EV certificate'
        : undefined,
    remedy: 'Remove 36.',
    source: `${MANUAL}, section 1, TrustLogo`,
  },
  {
    parameter: 'days',
    severity: 'fail',
    code: -4,
    violated: (form) => {
      const days = form.get('days')
      if (days === undefined) return undefined
      if (Number(days) < 1) return 'it is not a period'
      return count(form, ...CERTIFICATES) > 0 && !CERTIFICATE_DAYS.includes(days)
        ? `${days} is not allowed for certificates`
        : undefined
    },
    remedy: `Certificates: ${CERTIFICATE_DAYS.join(', ')}; licences: whole days.`,
    source: `${MANUAL}, section 1, days`,
  },
  {
    parameter: 'localityName',
    severity: 'fail',
    code: -3,
    violated: (form) =>
      ORGANIZATION.holds(form) &&
      !form.has('localityName', 'stateOrProvinceName') &&
      !form.csrHas('L') &&
      !form.csrHas('ST')
        ? 'neither locality nor state is present'
        : undefined,
    remedy: 'Add localityName or stateOrProvinceName.',
    source: `${MANUAL}, version 3.2`,
  },
  {
    parameter: 'isAppRepValidated',
    severity: 'fail',
    code: -4,
    violated: (form) =>
      form.isYes('isCallbackCompleted') && form.has('isAppRepValidated') && !form.isYes('isAppRepValidated')
        ? 'isCallbackCompleted is Y, but isAppRepValidated is not'
        : undefined,
    remedy: 'Set both to Y, or isCallbackCompleted to N.',
    source: `${MANUAL}, section 1, isCallbackCompleted`,
  },
  {
    parameter: 'validationTokens',
    severity: 'fail',
    code: -4,
    violated: (form) =>
      form.has('validationTokens') && form.has('dcvEmailAddresses')
        ? 'dcvEmailAddresses and validationTokens are mutually exclusive'
        : undefined,
    remedy: 'Use one of them.',
    source: `${MANUAL}, section 1, dcvEmailAddresses`,
  },
  {
    parameter: 'primaryDomainName',
    severity: 'fail',
    code: -4,
    violated: (form) => {
      const primary = form.get('primaryDomainName')?.toLowerCase()
      const domains = form.listOf('domainNames').map((domain) => domain.toLowerCase())
      return primary === undefined || domains.length === 0 || domains.includes(primary)
        ? undefined
        : 'it is not one of domainNames'
    },
    remedy: 'Specify one of the domains listed in domainNames.',
    source: `${MANUAL}, section 1, primaryDomainName`,
  },
  {
    parameter: 'primaryDomainName',
    severity: 'fail',
    code: -3,
    violated: (form) =>
      form.get('maxSubjectCNs') === '1' &&
      MULTI_DOMAIN.holds(form) &&
      !form.has('primaryDomainName') &&
      !form.products.some((code) => UNIFIED_COMMUNICATIONS.includes(code))
        ? 'maxSubjectCNs is 1, so it must say which name that is'
        : undefined,
    remedy: 'Add primaryDomainName, or remove maxSubjectCNs.',
    source: `${MANUAL}, section 1, maxSubjectCNs`,
  },
  ...perDomain('dcvEmailAddresses'),
  ...perDomain('validationTokens'),
  shorter('appRepLoginName', 50),
  shorter('organizationName', 50),
  shorter('appRepForename', 50),
  shorter('appRepSurname', 50),
  shorter('appRepEmailAddress', 128),
]
