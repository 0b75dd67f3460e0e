import type { FormView } from '../parameters/form-view.ts'
import type { Condition } from '../parameters/parameter.ts'
import { type Product, type ProductFamily, productOf, WITH_ADDITIONAL_LICENCE } from '../parameters/products.ts'

export const productsOf = (form: FormView): readonly Product[] =>
  form.products.map(productOf).filter((product) => product !== undefined)

const orders = (form: FormView, ...families: readonly ProductFamily[]): boolean =>
  productsOf(form).some(({ family }) => families.includes(family))
const ssl = (form: FormView, test: (product: Product) => boolean): boolean =>
  productsOf(form).some((product) => product.family === 'ssl' && test(product))

const condition = (text: string, holds: Condition['holds']): Condition => ({ text, holds })
export const both = (one: Condition, other: Condition): Condition =>
  condition(`${one.text} and ${other.text}`, (form) => one.holds(form) && other.holds(form))

export const SSL_ORDER = condition('the product is an SSL certificate', (form) => ssl(form, () => true))
export const CERTIFICATE_ORDER = condition('the product is a certificate', (form) =>
  orders(form, 'ssl', 'code-signing', 'personal-authentication'),
)
export const MULTI_DOMAIN = condition('the product is a multi-domain certificate', (form) =>
  ssl(form, ({ domains }) => domains === 'multi'),
)
export const NO_DOMAIN_IN_CSR = condition(
  'the CSR of a multi-domain certificate contains no domain',
  (form) => MULTI_DOMAIN.holds(form) && form.csrLacksDomains,
)
export const SINGLE_DOMAIN = condition('the product is a single-domain certificate', (form) =>
  ssl(form, ({ domains }) => domains !== 'multi'),
)
export const EV = condition('the product is an EV certificate', (form) =>
  productsOf(form).some(({ validation, code }) => validation === 'EV' || code === '530'),
)
/** OV and EV, code signing and the enterprise personal certificate: an organization is validated. */
export const ORGANIZATION = condition('an organization is validated for the product', (form) =>
  productsOf(form).some(
    ({ family, validation, code }) =>
      validation === 'OV' || validation === 'EV' || family === 'code-signing' || code === '508',
  ),
)
export const CALLBACK = condition(
  'Sectigo performs the callback',
  (form) => ORGANIZATION.holds(form) && !form.isYes('isCallbackCompleted'),
)
export const SCANNING = condition('the product is HackerGuardian or HackerProof', (form) =>
  orders(form, 'hackerguardian', 'hackerproof'),
)
export const SCANNED = condition(
  'the product is HackerGuardian or HackerProof, or comes with a HackerGuardian licence',
  (form) => SCANNING.holds(form) || form.products.some((code) => WITH_ADDITIONAL_LICENCE.includes(code)),
)
export const HACKERPROOF = condition('the product is HackerProof', (form) => orders(form, 'hackerproof'))
export const LICENCE = condition('the product is a licence', (form) =>
  orders(form, 'codeguard', 'hackerguardian', 'hackerproof', 'additional-ip', 'web-security'),
)
export const ADDITIONAL_IP = condition('the address pack (356) is ordered', (form) => orders(form, 'additional-ip'))
export const TRUSTLOGO = condition('a TrustLogo (36) is ordered', (form) => orders(form, 'trustlogo'))
export const CODE_SIGNING = condition('the product is a code-signing certificate', (form) =>
  orders(form, 'code-signing'),
)
export const PERSONAL_ENTERPRISE = condition('the product is 508', (form) => form.products.includes('508'))
export const NOT_DV = condition(
  'the product is not a DV certificate',
  (form) => !ssl(form, (p) => p.validation === 'DV'),
)

export const absent = (...names: readonly string[]): Condition =>
  condition(`${names.join(' and ')} are absent`, (form) => !form.has(...names))
export const notInCsr = (attribute: string, label: string): Condition =>
  condition(`the CSR contains no ${label}`, (form) => !form.csrHas(attribute))
export const given = (name: string): Condition => condition(`${name} is present`, (form) => form.has(name))
