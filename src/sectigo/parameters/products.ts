/** What a product code of `!AutoApplyOrder` is. */
export type ProductFamily =
  | 'ssl'
  | 'web-security'
  | 'trustlogo'
  | 'codeguard'
  | 'hackerguardian'
  | 'hackerproof'
  | 'additional-ip'
  | 'document-signing'
  | 'personal-authentication'
  | 'code-signing'

export interface Product {
  readonly code: string
  readonly name: string
  readonly family: ProductFamily
  /** SSL only. */
  readonly validation?: 'DV' | 'OV' | 'EV'
  readonly domains?: 'single' | 'wildcard' | 'multi'
}

type SslRow = readonly [
  code: string,
  name: string,
  validation: 'DV' | 'OV' | 'EV',
  domains: 'single' | 'wildcard' | 'multi',
]

/** AutoApplyOrder 3.44, section 1, product: certificates for servers. */
const SSL: readonly SslRow[] = [
  ['291', 'PositiveSSL Trial DV (30 day)', 'DV', 'single'],
  ['287', 'PositiveSSL DV', 'DV', 'single'],
  ['289', 'PositiveSSL Wildcard DV', 'DV', 'wildcard'],
  ['279', 'PositiveSSL Multi-Domain DV', 'DV', 'multi'],
  ['556', 'PositiveSSL EV', 'EV', 'single'],
  ['557', 'PositiveSSL EV Multi-Domain', 'EV', 'multi'],
  ['330', 'InstantSSL DV', 'DV', 'single'],
  ['331', 'InstantSSL Wildcard DV', 'DV', 'wildcard'],
  ['7', 'InstantSSL OV', 'OV', 'single'],
  ['35', 'InstantSSL OV Wildcard', 'OV', 'wildcard'],
  ['361', 'InstantSSL UCC OV', 'OV', 'multi'],
  ['567', 'InstantSSL EV', 'EV', 'single'],
  ['568', 'InstantSSL EV Multi-Domain', 'EV', 'multi'],
  ['488', 'SectigoSSL DV', 'DV', 'single'],
  ['489', 'SectigoSSL Wildcard DV', 'DV', 'wildcard'],
  ['492', 'SectigoSSL UCC DV', 'DV', 'multi'],
  ['316', 'SectigoSSL OV', 'OV', 'single'],
  ['322', 'SectigoSSL OV Wildcard', 'OV', 'wildcard'],
  ['583', 'SectigoSSL OV Multi Domain', 'OV', 'multi'],
  ['337', 'SectigoSSL EV', 'EV', 'single'],
  ['410', 'SectigoSSL EV Multi-Domain EV', 'EV', 'multi'],
  ['749', 'Enterprise SSL DV', 'DV', 'single'],
  ['750', 'Enterprise SSL Wildcard DV', 'DV', 'wildcard'],
  ['751', 'Enterprise SSL Multi-Domain DV', 'DV', 'multi'],
  ['63', 'EnterpriseSSL OV', 'OV', 'single'],
  ['64', 'EnterpriseSSL Pro OV', 'OV', 'single'],
  ['65', 'EnterpriseSSL Pro Wildcard OV', 'OV', 'wildcard'],
  ['335', 'EnterpriseSSL Pro Multi-Domain OV', 'OV', 'multi'],
  ['562', 'EnterpriseSSL Pro EV', 'EV', 'single'],
  ['563', 'EnterpriseSSL Pro EV Multi-Domain', 'EV', 'multi'],
  ['721', 'SectigoSSL Pro DV', 'DV', 'single'],
  ['722', 'SectigoSSL Pro Wildcard DV', 'DV', 'wildcard'],
  ['723', 'SectigoSSL Pro Multi-Domain DV', 'DV', 'multi'],
  ['726', 'SectigoSSL Pro OV', 'OV', 'single'],
  ['727', 'SectigoSSL Pro OV Wildcard', 'OV', 'wildcard'],
  ['728', 'SectigoSSL Pro OV Multi-Domain', 'OV', 'multi'],
  ['731', 'SectigoSSL Pro EV', 'EV', 'single'],
  ['732', 'SectigoSSL Pro EV Multi-Domain', 'EV', 'multi'],
  ['735', 'SectigoSSL Premium DV', 'DV', 'single'],
  ['736', 'SectigoSSL Premium Wildcard DV', 'DV', 'wildcard'],
  ['737', 'SectigoSSL Premium Multi-Domain DV', 'DV', 'multi'],
  ['740', 'SectigoSSL Premium OV', 'OV', 'single'],
  ['741', 'SectigoSSL Premium OV Wildcard', 'OV', 'wildcard'],
  ['742', 'SectigoSSL Premium OV Multi-Domain', 'OV', 'multi'],
  ['745', 'SectigoSSL Premium EV', 'EV', 'single'],
  ['746', 'SectigoSSL Premium EV Multi-Domain', 'EV', 'multi'],
  ['754', 'SectigoSSL Enterprise DV', 'DV', 'single'],
  ['755', 'SectigoSSL Enterprise Wildcard DV', 'DV', 'wildcard'],
  ['756', 'SectigoSSL Enterprise Multi-Domain DV', 'DV', 'multi'],
  ['759', 'SectigoSSL Enterprise OV', 'OV', 'single'],
  ['760', 'SectigoSSL Enterprise OV Wildcard', 'OV', 'wildcard'],
  ['761', 'SectigoSSL Enterprise Multi-Domain OV', 'OV', 'multi'],
  ['764', 'SectigoSSL Enterprise EV', 'EV', 'single'],
  ['765', 'SectigoSSL Enterprise Multi-Domain EV', 'EV', 'multi'],
]

/** The same row, the rest; 1214 from the newer Document Signing page. */
const OTHERS: readonly Product[] = [
  { code: '1000', name: 'Sectigo Web Monitor', family: 'web-security' },
  { code: '1004', name: 'Sectigo Web Remediate Partner', family: 'web-security' },
  { code: '1005', name: 'Sectigo Web Perform Partner', family: 'web-security' },
  { code: '1006', name: 'Sectigo Web Complete Partner', family: 'web-security' },
  { code: '1007', name: 'Sectigo Web One Time Remediate', family: 'web-security' },
  { code: '1008', name: 'Sectigo Web Accelerate', family: 'web-security' },
  { code: '1009', name: 'Sectigo Web Firewall', family: 'web-security' },
  { code: '36', name: 'TrustLogo for an EV or OV certificate', family: 'trustlogo' },
  { code: '700', name: 'CodeGuard (Personal)', family: 'codeguard' },
  { code: '701', name: 'CodeGuard (Professional)', family: 'codeguard' },
  { code: '702', name: 'CodeGuard (Company)', family: 'codeguard' },
  { code: '703', name: 'CodeGuard (Small Business)', family: 'codeguard' },
  { code: '341', name: 'HackerGuardian Free PCI Scanning Service (45 days)', family: 'hackerguardian' },
  { code: '586', name: 'HackerGuardian Lite, first of the pair', family: 'hackerguardian' },
  { code: '587', name: 'HackerGuardian Lite, second of the pair', family: 'hackerguardian' },
  { code: '346', name: 'HackerGuardian Standard, first of the pair', family: 'hackerguardian' },
  { code: '329', name: 'HackerGuardian Standard, second of the pair', family: 'hackerguardian' },
  { code: '349', name: 'HackerGuardian Enterprise, first of the pair', family: 'hackerguardian' },
  { code: '259', name: 'HackerGuardian Enterprise, second of the pair', family: 'hackerguardian' },
  { code: '357', name: 'HackerGuardian HackerProof', family: 'hackerproof' },
  { code: '356', name: 'HackerGuardian Additional IP Addresses Pack', family: 'additional-ip' },
  { code: '706', name: 'Sectigo Document Signing Certificate (Organization)', family: 'document-signing' },
  { code: '1214', name: 'Sectigo Document Signing Certificate (Individual)', family: 'document-signing' },
  { code: '577', name: 'eToken cost', family: 'document-signing' },
  { code: '163', name: 'eToken shipping cost', family: 'document-signing' },
  { code: '506', name: 'Personal Authentication Certificate', family: 'personal-authentication' },
  { code: '507', name: 'Personal Authentication Pro Certificate', family: 'personal-authentication' },
  { code: '508', name: 'Personal Authentication Enterprise Certificate', family: 'personal-authentication' },
  { code: '8', name: 'Code Signing Certificate', family: 'code-signing' },
  { code: '530', name: 'EV Code Signing Certificate', family: 'code-signing' },
  { code: '551', name: 'Legacy Code Signing Certificate', family: 'code-signing' },
]

export const PRODUCTS: readonly Product[] = [
  ...SSL.map(([code, name, validation, domains]): Product => ({ code, name, family: 'ssl', validation, domains })),
  ...OTHERS,
]

/** Two codes that are one product. */
export const PRODUCT_PAIRS: readonly (readonly [string, string])[] = [
  ['586', '587'],
  ['346', '329'],
  ['349', '259'],
]

/** Marked (*) in the manual: "should be added free additional HackerGuardian Standard License". */
export const WITH_ADDITIONAL_LICENCE: readonly string[] = [
  ...['754', '755', '756', '759', '760', '761', '764', '765'],
  '1006',
]

/** Token and shipping: items beside a certificate. */
export const TOKEN_ITEMS: readonly string[] = ['577', '163']

const byCode = new Map(PRODUCTS.map((product) => [product.code, product]))

export const productOf = (code: string): Product | undefined => byCode.get(code)
export const familyOf = (code: string): ProductFamily | undefined => byCode.get(code)?.family
