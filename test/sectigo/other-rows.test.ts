import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningCertificateAuthority } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import type { OrderForm } from '../../src/sectigo/certificate-authority.ts'
import { createClient, type SectigoClient } from '../../src/sectigo/http/client.ts'
import { AUTO_APPLY_ORDER_GENERAL } from '../../src/sectigo/other-products/auto-apply-order-general.ts'
import { validatePlaceOrder } from '../../src/sectigo/other-products/place-order.ts'
import { PLACE_ORDER, PLACE_ORDER_ITEM } from '../../src/sectigo/other-products/place-order-parameters.ts'
import { AUTO_AUTHORIZE } from '../../src/sectigo/parameters/auto-authorize.ts'
import { AUTO_REFUND } from '../../src/sectigo/parameters/auto-refund.ts'
import { AUTO_REVOKE_CERTIFICATE } from '../../src/sectigo/parameters/auto-revoke-certificate.ts'
import { COLLECT } from '../../src/sectigo/parameters/collect.ts'
import { GET_ACCOUNT_BALANCE } from '../../src/sectigo/parameters/get-account-balance.ts'
import { GET_DETAILED_ORDER_STATUS } from '../../src/sectigo/parameters/get-detailed-order-status.ts'
import type { Parameter, ParameterTable } from '../../src/sectigo/parameters/parameter.ts'
import { spellings, validateForm } from '../../src/sectigo/parameters/validate-form.ts'
import { clientOptions, documentSigningForm, makeCsr, ONE_DOMAIN, sharedKey, start } from './rehearsal-kit.ts'

let ca: RunningCertificateAuthority
let client: SectigoClient
beforeAll(async () => {
  ca = await start({ account: { credit: '9999999.00', raPrivileges: true }, flow: [] })
  client = createClient(clientOptions(ca))
})
afterAll(() => ca.close())

const csr = makeCsr('CN=example.org', sharedKey('P-256'))
const organization: OrderForm = {
  organizationName: 'Example Ltd',
  streetAddress1: 'Street 1',
  localityName: 'Utrecht',
  postalCode: '3511AA',
  countryName: 'NL',
  appRepEmailAddress: 'a@example.org',
}
const ssl: OrderForm = { days: '365', serverSoftware: '-1', isCustomerValidated: 'N', csr }
const dv: OrderForm = { ...ssl, product: '488' }
const multiDomain: OrderForm = { ...ssl, ...organization, product: '583', domainNames: 'example.org' }
const ev: OrderForm = { ...ssl, ...organization, product: '562', joiCountryName: 'NL' }
const signing: OrderForm = { ...organization, product: '8', days: '365', csr }
const scanning: OrderForm = {
  ...organization,
  product: '586,587',
  days: '365',
  appRepLoginName: 'login',
  appRepForename: 'A',
  appRepSurname: 'B',
}

/** An order to which the row belongs. */
function generalBase({ name }: Parameter): OrderForm {
  if (/^(joi|dateOfInc|assumed)/.test(name)) return ev
  if (name === 'primaryDomainName') return { ...multiDomain, domainNames: `example.org ${'é'.repeat(64)}` }
  if (/^(domainNames|maxSubject|dcvEmailAddresses|validationTokens)/.test(name)) return multiDomain
  if (/^ida/.test(name)) return { ...multiDomain, product: '316,36' }
  if (name === 'AppRepLoginPassword') return { ...scanning, product: '357', AppRepLoginPassword: 'x' }
  if (name === 'appRepLoginName') return scanning
  if (name === 'IP Addresses') return { ...scanning, product: '586,587,356', 'IP Addresses': '5' }
  if (name === 'previousOrderNumber') return { product: '700', days: '365', appRepEmailAddress: 'a@example.org' }
  if (name === 'isAppRepValidated') return { ...signing, isAppRepValidated: 'Y', isCallbackCompleted: 'Y' }
  if (name === 'isCallbackCompleted') return { ...signing, isAppRepValidated: 'Y' }
  if (/^(isKey|cspName)/.test(name)) return { ...organization, product: '508', days: '365', csr }
  if (/^(appRepForename|appRepSurname)$/.test(name)) return scanning
  const { hsmType = '', keyAttestation = '' } = documentSigningForm()
  if (name === 'hsmType' || name === 'keyAttestation')
    return { ...signing, csr: makeCsr('CN=x', sharedKey('P-256')), hsmType, keyAttestation }
  if (/^(serverSoftware|isCustomerValidated|dcv|unique|omit|disable)/.test(name)) return dv
  return signing
}

const place: OrderForm = {
  ap: 'brand',
  reseller: 'Y',
  countryName: 'NL',
  foreName: 'Ada',
  surName: 'Example',
  emailAddress: 'a@example.org',
  '1_PPP': '6050',
  '1_visibility': '0',
}

const clean = (form: OrderForm): OrderForm =>
  Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''))

async function codeAt(endpoint: string, form: OrderForm): Promise<{ readonly code: number; readonly text: string }> {
  const answer = await client.post({ endpoint, form: clean(form) })
  if (answer.kind !== 'reply') throw new Error(answer.reason)
  const reply = new URLSearchParams(answer.text)
  const code = reply.get('errorCode') ?? (answer.text.startsWith('orderNumber') ? '0' : answer.text.split('\n')[0])
  return { code: Number(code), text: reply.get('errorMessage') ?? answer.text }
}

interface Subject {
  readonly title: string
  readonly endpoint: string
  readonly table: ParameterTable
  readonly base: (row: Parameter) => OrderForm
  /** The name under which a row is sent. */
  readonly sent?: (name: string) => string
  readonly faults?: (form: OrderForm) => readonly { readonly parameter: string; readonly severity: string }[]
}

const order: OrderForm = { orderNumber: '123' }
const SUBJECTS: readonly Subject[] = [
  { title: 'manual 3.44', endpoint: '!AutoApplyOrder', table: AUTO_APPLY_ORDER_GENERAL, base: generalBase },
  {
    title: '!PlaceOrder',
    endpoint: '!PlaceOrder',
    table: PLACE_ORDER,
    base: ({ name }) => (name === 'name' ? { ...place, foreName: '', surName: '', name: 'A B' } : place),
    faults: validatePlaceOrder,
  },
  {
    title: '!PlaceOrder item',
    endpoint: '!PlaceOrder',
    table: PLACE_ORDER_ITEM,
    base: ({ name }) => {
      if (!/^(csr|hsmType|keyAttestation)$/.test(name))
        return { ...place, ...(name === 'ID' ? { '1_PPP': '', '1_ID': '7' } : {}) }
      const { hsmType = '', keyAttestation = '' } = documentSigningForm()
      return { ...place, '1_csr': csr, '1_hsmType': hsmType, '1_keyAttestation': keyAttestation }
    },
    sent: (name) => `1_${name}`,
    faults: validatePlaceOrder,
  },
  { title: '!AutoAuthorize', endpoint: '!AutoAuthorize', table: AUTO_AUTHORIZE, base: (): OrderForm => order },
  {
    title: '!AutoRefund',
    endpoint: '!AutoRefund',
    table: AUTO_REFUND,
    base: () => ({ ...order, refundReasonCode: '11' }),
  },
  {
    title: '!autoRevokeCertificate',
    endpoint: '!autoRevokeCertificate',
    table: AUTO_REVOKE_CERTIFICATE,
    base: ({ name }): OrderForm =>
      name === 'certificateID' ? { certificateID: '5' } : name === 'serialNumber' ? { serialNumber: 'ab' } : order,
  },
  {
    title: '!GetDetailedOrderStatus',
    endpoint: '!GetDetailedOrderStatus',
    table: GET_DETAILED_ORDER_STATUS,
    base: () => ({ ...order, queryType: '1' }),
  },
  { title: '!getAccountBalance', endpoint: '!getAccountBalance', table: GET_ACCOUNT_BALANCE, base: () => ({}) },
  {
    title: 'CollectSSL',
    endpoint: 'download/CollectSSL',
    table: COLLECT,
    base: () => ({ ...order, queryType: '1', responseType: '3' }),
  },
]

const fill = ({ format, type, name }: Parameter, length: number): string =>
  format?.startsWith('email') === true
    ? `a@${'b'.repeat(length - 6)}.org`
    : (type === 'integer' ? '1' : /^(serialNumber|uniqueValue)$/.test(name) ? 'a' : 'é').repeat(length)

describe.each(SUBJECTS.map((subject) => [subject.title, subject] as const))('%s', (_, subject) => {
  const rows = subject.table.parameters.filter(({ name }) => !name.startsWith('login'))
  const sent = subject.sent ?? ((name: string) => name)
  const failsOf = (form: OrderForm) =>
    (subject.faults ?? ((candidate: OrderForm) => validateForm(subject.table, candidate)))(form)
      .filter(({ severity }) => severity === 'fail')
      .map(({ parameter }) => parameter)
  const at = (form: OrderForm) => codeAt(subject.endpoint, form)

  test.each(rows.map((row) => [row.name, row] as const))('%s', async (name, row) => {
    const field = sent(name)
    const base = subject.base(row)
    expect(failsOf(base)).toEqual([])
    const bare = Object.fromEntries(
      Object.entries(base).filter(
        ([key]) => !spellings(row).some((spelling) => sent(spelling).toLowerCase() === key.toLowerCase()),
      ),
    )
    const required = failsOf(bare).includes(field)
    if (row.requirement === 'required') expect(required).toBe(true)
    if (required) {
      const { code, text } = await at(bare)
      expect([code, text]).toEqual([-3, expect.stringContaining(`'${field}'`)])
    }
    const { max, allowed } = row
    if (
      max !== undefined &&
      allowed === undefined &&
      (row.format === undefined || /^(email|alphanumeric)/.test(row.format))
    ) {
      if (max < 1100) {
        // The licences' own limits are shorter; their rules are tried below.
        const full = { ...(base === scanning ? signing : base), [field]: fill(row, max) }
        expect(failsOf(full).filter((fault) => fault === field)).toEqual([])
        expect((await at(full)).text).not.toContain(`'${field}'  argument is invalid`)
      }
      const over = { ...base, [field]: fill(row, max + 1) }
      expect(failsOf(over)).toContain(field)
      expect((await at(over)).code).toBe(-4)
    }
    for (const value of allowed ?? []) {
      if (row.list === undefined)
        expect([value, failsOf({ ...base, [field]: value }).filter((fault) => fault === field)]).toEqual([
          value,
          valueClash(name, value) ? [field] : [],
        ])
    }
    if (allowed !== undefined) {
      expect(failsOf({ ...base, [field]: 'Z' })).toContain(field)
      const { code } = await at({ ...base, [field]: 'Z' })
      expect(row.appliesWhen !== undefined && name === 'includeIndividual' ? -83 : -4).toBe(code)
    } else if (row.type === 'integer') {
      expect(failsOf({ ...base, [field]: 'x' })).toContain(field)
      expect((await at({ ...base, [field]: 'x' })).code).toBe(-4)
    }
    if (row.format === 'country') expect((await at({ ...base, [field]: 'XX' })).code).toBe(-7)
    if (row.format?.startsWith('email') === true) expect((await at({ ...base, [field]: 'nobody' })).code).toBe(-70)
    if (row.format === 'date' || row.format === 'duns') {
      expect(failsOf({ ...base, [field]: 'soon' })).toContain(field)
      expect((await at({ ...base, [field]: 'soon' })).code).toBe(-4)
    }
  })

  test('an unknown name earns -2, a wrong password -16', async () => {
    const [row] = rows
    if (row === undefined) throw new Error('no row')
    const form = subject.base(row)
    expect(failsOf({ ...form, nonsense: '1' })).toEqual(['nonsense'])
    expect(await at({ ...form, nonsense: '1' })).toEqual({ code: -2, text: expect.stringContaining("'nonsense'") })
    expect((await at({ ...form, loginPassword: 'WRONG' })).code).toBe(-16)
  })
})

/** Values that are allowed by their row and not in this order. */
const valueClash = (name: string, value: string): boolean =>
  (name === 'includeIndividual' && value !== '') || (name === 'isAppRepValidated' && value === 'N')

describe('between the parameters of the manual', () => {
  test.each<readonly [what: string, form: OrderForm, code: number]>([
    ['two certificates', { ...dv, product: '488,489' }, -4],
    ['half of a pair', { ...scanning, product: '586' }, -4],
    ['two main licences', { ...scanning, product: '586,587,346,329' }, -54],
    ['two CodeGuard licences', { product: '700,701', days: '30', appRepEmailAddress: 'a@example.org' }, -67],
    ['two web packages', { product: '1000,1004', days: '30', appRepEmailAddress: 'a@example.org' }, -82],
    ['an address pack alone', { ...scanning, product: '356', 'IP Addresses': '5' }, -59],
    ['an address pack with a trial', { ...scanning, product: '341,356', 'IP Addresses': '5' }, -58],
    ['a TrustLogo with DV', { ...dv, product: '488,36' }, -4],
    ['a certificate for 31 days', { ...dv, days: '31' }, -4],
    ['a licence for no days', { product: '700', days: '0', appRepEmailAddress: 'a@example.org' }, -4],
    ['neither locality nor state', { ...signing, localityName: '' }, -3],
    ['both lists of addresses', { ...multiDomain, dcvEmailAddresses: 'a', validationTokens: 'b' }, -4],
    ['a word for all domains beside another', { ...multiDomain, validationTokens: 'ALLCNAMECSRHASH,a@b.org' }, -4],
    ['the same among addresses', { ...multiDomain, dcvEmailAddresses: 'a@b.org allhttpcsrhash' }, -4],
    ['domains in neither form nor CSR', { ...multiDomain, domainNames: '' }, -3],
    ['a first domain that is not listed', { ...multiDomain, primaryDomainName: 'www.example.org' }, -4],
    ['one Common Name without saying which', { ...multiDomain, maxSubjectCNs: '1' }, -3],
    ['a uniqueValue with a blank', { ...dv, uniqueValue: 'a b' }, -4],
    ['an Enterprise product without its licence login', { ...dv, product: '754' }, -3],
    ['a web package without its licence login', { ...scanning, product: '1006', appRepLoginName: '' }, -3],
    ['a login of 51 characters', { ...scanning, appRepLoginName: 'x'.repeat(51) }, -4],
    ['an organization of 51 characters', { ...scanning, organizationName: 'x'.repeat(51) }, -4],
    ['a previous order with a certificate', { ...dv, previousOrderNumber: '1' }, -68],
    ['attestation with SSL', { ...dv, hsmType: 'YUBIKEY', keyAttestation: 'AAAA' }, -83],
    ['attestation without its type', { ...signing, keyAttestation: 'AAAA' }, -3],
    [
      'a CA certificate by special agreement',
      { ...signing, csr: makeCsr('CN=x', sharedKey('P-256')), caCertificateID: '1' },
      -91,
    ],
  ])('%s', async (what, form, code) => {
    if (code !== -91)
      expect([
        what,
        validateForm(AUTO_APPLY_ORDER_GENERAL, clean(form)).some(({ severity }) => severity === 'fail'),
      ]).toEqual([what, true])
    expect((await codeAt('!AutoApplyOrder', form)).code).toBe(code)
  })

  test.each<readonly [what: string, form: OrderForm]>([
    [
      'domains in the CSR alone',
      { ...multiDomain, domainNames: '', csr: makeCsr('CN=example.org', sharedKey('P-256'), ONE_DOMAIN) },
    ],
    ['one Common Name of a UCC, which is that of the CSR', { ...multiDomain, product: '361', maxSubjectCNs: '1' }],
    ['one Common Name that is named', { ...multiDomain, maxSubjectCNs: '1', primaryDomainName: 'EXAMPLE.org' }],
    ['a word for all domains', { ...multiDomain, validationTokens: 'ALLCNAMECSRHASH', domainNames: 'a.org, b.org' }],
  ])('nothing against %s', async (_, form) => {
    expect(validateForm(AUTO_APPLY_ORDER_GENERAL, clean(form)).filter(({ severity }) => severity === 'fail')).toEqual(
      [],
    )
    expect((await codeAt('!AutoApplyOrder', form)).code).toBe(0)
  })

  test('as many addresses as domains are reported where they are not', () => {
    const form = { ...multiDomain, domainNames: 'a.org,b.org', dcvEmailAddresses: 'admin@a.org' }
    expect(validateForm(AUTO_APPLY_ORDER_GENERAL, form)).toMatchObject([
      ...validateForm(AUTO_APPLY_ORDER_GENERAL, { ...form, dcvEmailAddresses: 'admin@a.org admin@b.org' }),
      { parameter: 'dcvEmailAddresses', severity: 'warn', detail: 'dcvEmailAddresses: 1 entries for 2 domains' },
    ])
  })

  test('every product of the manual can be ordered by a form of its family', async () => {
    const { PRODUCTS, PRODUCT_PAIRS, WITH_ADDITIONAL_LICENCE } = await import(
      '../../src/sectigo/parameters/products.ts'
    )
    for (const { code, family, validation, domains } of PRODUCTS) {
      if (family === 'document-signing') continue
      const pair = PRODUCT_PAIRS.find((codes) => codes.includes(code))?.join(',') ?? code
      const { appRepLoginName = '', appRepForename = '', appRepSurname = '' } = scanning
      const scannedBy = { appRepLoginName, appRepForename, appRepSurname }
      const licence = { ...scanning, AppRepLoginPassword: 'x', days: '45' }
      const forms: Record<string, OrderForm> = {
        ssl: {
          ...ssl,
          ...(validation === 'DV' ? {} : organization),
          ...(domains === 'multi' ? { domainNames: 'example.org' } : {}),
          ...(WITH_ADDITIONAL_LICENCE.includes(code) ? scannedBy : {}),
        },
        trustlogo: { ...multiDomain },
        'additional-ip': { ...licence, 'IP Addresses': '10' },
        'code-signing': signing,
        'personal-authentication': signing,
      }
      const product = family === 'trustlogo' ? '316,36' : family === 'additional-ip' ? '586,587,356' : pair
      const form = { ...(forms[family] ?? licence), product }
      expect([
        code,
        validateForm(AUTO_APPLY_ORDER_GENERAL, form).filter(({ severity }) => severity === 'fail'),
      ]).toEqual([code, []])
    }
  })
})

describe('between the items of !PlaceOrder', () => {
  const token: OrderForm = {
    ...place,
    organizationName: 'Example',
    '1_PPP': '6053',
    '1_smartCardBased': 'Y',
    '2_PPP': '495',
    '3_PPP': '496',
    shippingStreetAddress1: 'Street 1',
    shippingLocalityName: 'Utrecht',
    shippingStateOrProvinceName: 'Utrecht',
    shippingPostalCode: '3511AA',
    shippingCountryName: 'NL',
    shippingForename: 'Ada',
    shippingSurname: 'Example',
    shippingEmailAddress: 'a@example.org',
    shippingTelephone: '1',
  }
  test.each<readonly [what: string, form: OrderForm, code: number]>([
    ['a token with all that belongs to it', token, 0],
    ['no item', { ...place, '1_PPP': '', '1_visibility': '' }, -39],
    ['no token', { ...token, '2_PPP': '496', '3_PPP': '' }, -39],
    ['two shippings', { ...token, '4_PPP': '497' }, -39],
    ['no telephone for the courier', { ...token, shippingTelephone: '' }, -3],
    ['an Organization certificate with nothing', { ...place, organizationName: 'Example', '1_PPP': '6053' }, -39],
    ['a gap in the numbers', { ...place, '3_PPP': '495' }, -3],
    ['a token beside an Azure certificate', { ...place, '2_PPP': '495' }, -4],
    ['attestation with a token', { ...token, '1_csr': csr, '1_hsmType': 'YUBIKEY', '1_keyAttestation': 'AAAA' }, -83],
    ['an item parameter twice', { ...place, _1_PPP: '6053' }, -4],
    ['attestation without CSR', { ...place, '1_hsmType': 'YUBIKEY', '1_keyAttestation': 'AAAA' }, -3],
  ])('%s', async (_, form, code) => {
    const faults = validatePlaceOrder(clean(form)).filter(({ severity }) => severity === 'fail')
    expect(faults.length > 0).toBe(code !== 0)
    expect((await codeAt('!PlaceOrder', form)).code).toBe(code)
  })

  test.each<readonly [OrderForm, number]>([
    [{ '1_PPP': '9999' }, -65],
    [{ '1_PPP': '6053', '1_smartCardBased': 'N' }, -62],
  ])('%j is refused by the CA with %i', async (over, code) => {
    expect((await codeAt('!PlaceOrder', { ...place, ...over })).code).toBe(code)
  })
})
