import { REQUEST_RULES } from './document-signing-request.ts'
import type { TableRule } from './parameter.ts'
import { TOKEN_ITEMS } from './products.ts'

const PAGE = 'Sectigo API, Document Signing, !AutoApplyOrder'
const CERTIFICATES = ['706', '1214']

/** What the rows of the Document Signing table have between them. */
export const DOCUMENT_SIGNING_RULES: readonly TableRule[] = [
  {
    parameter: 'product',
    severity: 'fail',
    code: -81,
    violated: ({ products }) =>
      products.some((code) => CERTIFICATES.includes(code)) ? undefined : 'no Document Signing certificate is ordered',
    remedy: 'Order 1214 (individual) or 706 (organization).',
    source: `${PAGE}, error -81`,
  },
  {
    parameter: 'product',
    severity: 'fail',
    code: -4,
    violated: ({ products }) => {
      const certificates = products.filter((code) => CERTIFICATES.includes(code))
      if (certificates.length > 1) return 'more than one certificate product is specified'
      return new Set(products).size === products.length ? undefined : 'a product code appears twice'
    },
    remedy: 'Specify exactly one certificate product, and each code once.',
    source: 'AutoApplyOrder 3.44, section 1, product: exactly one certificate value',
  },
  {
    parameter: 'product',
    severity: 'fail',
    code: -4,
    violated: (form) =>
      form.isYes('SmartCardBased') && !TOKEN_ITEMS.every((code) => form.products.includes(code))
        ? 'a token is ordered without 577 (token) and 163 (shipping)'
        : undefined,
    remedy: 'Write the product as 1214,577,163.',
    source: `${PAGE}, request row 3`,
  },
  {
    parameter: 'product',
    severity: 'fail',
    code: -4,
    violated: (form) =>
      !form.isYes('SmartCardBased') && TOKEN_ITEMS.some((code) => form.products.includes(code))
        ? 'token or shipping is ordered for a key that stays in your own device'
        : undefined,
    remedy: 'Remove 577 and 163, or set SmartCardBased to Y.',
    source: `${PAGE}, request row 3`,
  },
  {
    parameter: 'product',
    severity: 'warn',
    violated: (form) =>
      form.products.includes('706')
        ? 'the page mentions only 1214 in its provisioning lines, but the sample and the older manual use 706'
        : undefined,
    remedy: 'Rehearse it with test=Y, or ask Sectigo which product your account has.',
    source: `${PAGE}, request row 3`,
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
    source: 'AutoApplyOrder 3.44, section 1, isCallbackCompleted',
  },
  {
    parameter: 'callbackTemplateID',
    severity: 'warn',
    violated: (form) =>
      form.has('callbackTemplateID') ? 'the name of this parameter is inferred; the CA may refuse it (-2)' : undefined,
    remedy: 'Ask Sectigo for its name, or use languageName.',
    source: `${PAGE}, request row 53`,
  },
  {
    parameter: 'languageName',
    severity: 'warn',
    violated: (form) =>
      form.has('languageName') && form.has('callbackTemplateID', 'agreementTemplateID')
        ? 'a template identifier takes precedence over it'
        : undefined,
    remedy: 'Send the template identifier or the language, not both.',
    source: `${PAGE}, request rows 52 to 54`,
  },
  ...REQUEST_RULES,
]
