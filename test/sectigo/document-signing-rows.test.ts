import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RunningCertificateAuthority } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import type { OrderForm } from '../../src/sectigo/certificate-authority.ts'
import { createClient, type SectigoClient } from '../../src/sectigo/http/client.ts'
import { AUTO_APPLY_ORDER_DOCUMENT_SIGNING as TABLE } from '../../src/sectigo/parameters/auto-apply-order-document-signing.ts'
import type { Parameter } from '../../src/sectigo/parameters/parameter.ts'
import { validateForm } from '../../src/sectigo/parameters/validate-form.ts'
import { clientOptions, documentSigningForm, start } from './rehearsal-kit.ts'

const TOKEN: OrderForm = {
  product: '1214,577,163',
  SmartCardBased: 'Y',
  offerType: '22',
  hsmType: '',
  keyAttestation: '',
  csr: '',
}

let ca: RunningCertificateAuthority
let client: SectigoClient
beforeAll(async () => {
  ca = await start({ account: { credit: '999999.00', raPrivileges: true }, flow: [] })
  client = createClient(clientOptions(ca))
})
afterAll(() => ca.close())

/** Which kind of order a row belongs to. */
function baseFor({ name }: Parameter): OrderForm {
  if (name === 'offerType' || name.startsWith('shipping')) return documentSigningForm(TOKEN)
  if (name === 'includeIndividual') return documentSigningForm({ product: '706' })
  if (name === 'isAppRepValidated') return documentSigningForm({ isCallbackCompleted: 'Y', isAppRepValidated: 'Y' })
  if (name === 'isCallbackCompleted') return documentSigningForm({ isAppRepValidated: 'Y' })
  return documentSigningForm()
}

const nonEmpty = (form: OrderForm): OrderForm =>
  Object.fromEntries(Object.entries(form).filter(([, value]) => value !== ''))

/** The CA's code, and its text. */
async function atCa(form: OrderForm): Promise<{ readonly code: number; readonly message: string }> {
  const answer = await client.post({ endpoint: '!AutoApplyOrder', form: nonEmpty(form) })
  if (answer.kind !== 'reply') throw new Error(answer.reason)
  const reply = new URLSearchParams(answer.text)
  if (!reply.has('errorCode'))
    return { code: Number(answer.text.split('\n')[0]), message: answer.text.split('\n')[1] ?? '' }
  return { code: Number(reply.get('errorCode')), message: reply.get('errorMessage') ?? '' }
}

const failsOf = (form: OrderForm): readonly string[] =>
  validateForm(TABLE, form)
    .filter(({ severity }) => severity === 'fail')
    .map(({ parameter }) => parameter)

/** A value of exactly `length` characters that the format allows. */
function sampleOf({ format, type }: Parameter, length: number): string {
  if (format === 'email' || format === 'email-or-none') return `a@${'b'.repeat(length - 6)}.org`
  return (type === 'integer' ? '1' : 'é').repeat(length)
}

const ROWS = TABLE.parameters.filter(({ name }) => !name.startsWith('login')).map((row) => [row.name, row] as const)

describe.each(ROWS)('row %s', (name, row) => {
  const base = baseFor(row)

  if (row.requirement === 'required' || row.requiredWhen !== undefined) {
    test('is missed by both sides where it is required', async () => {
      const form = { ...base, [name]: '' }
      expect(failsOf(form)).toContain(name)
      expect(await atCa(form)).toEqual({ code: -3, message: `The '${name}' argument is missing!` })
    })
  } else {
    test('may be left out', async () => {
      const form = { ...base, [name]: '' }
      expect(failsOf(form)).toEqual([])
      expect((await atCa(form)).code).toBe(0)
    })
  }

  const { max } = row
  const isFree = row.allowed === undefined && (row.format === undefined || row.format.startsWith('email'))
  if (max !== undefined && max < 1000 && isFree) {
    test(`takes ${max} characters and not one more`, async () => {
      const full = { ...base, [name]: sampleOf(row, max) }
      expect(failsOf(full)).toEqual([])
      expect((await atCa(full)).code).toBe(0)
      const over = { ...base, [name]: sampleOf(row, max + 1) }
      expect(failsOf(over)).toEqual([name])
      expect(await atCa(over)).toEqual({ code: -4, message: `The value of the '${name}' argument is invalid!` })
    })
  }

  if (max === 32_767) {
    test('is refused beyond 32,767 characters', async () => {
      const over = { ...base, [name]: 'A'.repeat(32_768) }
      expect(failsOf(over)).toContain(name)
      expect((await atCa(over)).code).toBe(-4)
    })
  }

  if (row.allowed !== undefined && row.list === undefined) {
    test(`takes ${row.allowed.join(', ')} and nothing else`, async () => {
      for (const value of row.allowed ?? []) {
        const form = { ...base, [name]: value, ...companions(name, value) }
        expect([value, failsOf(form)]).toEqual([value, []])
      }
      for (const odd of ['Z', '9', `${row.allowed?.[0]} `, 'é']) {
        expect(failsOf({ ...base, [name]: odd })).toContain(name)
        expect((await atCa({ ...base, [name]: odd })).code).toBe(-4)
      }
    })
  }

  if (row.type === 'integer' && row.allowed === undefined) {
    test('takes whole numbers only', async () => {
      expect(failsOf({ ...base, [name]: '17' })).toEqual([])
      expect(failsOf({ ...base, [name]: '1.5' })).toEqual([name])
      expect((await atCa({ ...base, [name]: 'x' })).code).toBe(-4)
    })
  }

  if (row.format === 'email' || row.format === 'email-or-none') {
    test('is an e-mail address (-70)', async () => {
      expect(failsOf({ ...base, [name]: 'nobody' })).toEqual([name])
      expect(await atCa({ ...base, [name]: 'nobody' })).toEqual({ code: -70, message: 'Invalid Email Address!' })
      expect(failsOf({ ...base, [name]: 'none' })).toEqual(row.format === 'email' ? [name] : [])
    })
  }

  if (row.format === 'country') {
    test('is a country (-7)', async () => {
      expect(failsOf({ ...base, [name]: 'XX' })).toEqual([name])
      expect(await atCa({ ...base, [name]: 'XX' })).toEqual({
        code: -7,
        message: "'XX' is not a valid ISO-3166 country!",
      })
      expect(failsOf({ ...base, [name]: 'nl' })).toEqual([name])
    })
  }

  if (row.appliesWhen !== undefined) {
    test('is not applicable to another kind of order (-83)', async () => {
      const other =
        name === 'includeIndividual' || base.SmartCardBased === 'Y' ? documentSigningForm() : documentSigningForm(TOKEN)
      const form = { ...other, [name]: base[name] || row.allowed?.[0] || sample(row) }
      expect(failsOf(form)).toEqual([name])
      expect(await atCa(form)).toEqual({ code: -83, message: `'${name}' is not applicable to this order!` })
    })
  }
})

const sample = ({ format }: Parameter): string =>
  format?.startsWith('email') === true ? 'a@example.org' : format === 'country' ? 'NL' : 'x'

/** What must go with a value so that the whole form is right. */
function companions(name: string, value: string): OrderForm {
  if (name === 'SmartCardBased' && value === 'Y') return TOKEN
  if (name === 'isAppRepValidated' && value === 'N') return { isCallbackCompleted: 'N' }
  return {}
}

describe('between the rows', () => {
  test.each([
    ['577,163', -81],
    ['706,1214', -4],
    ['1214,1214', -4],
    ['1214,577,163', -4],
    ['999', -4],
  ])('product %s for a remote key earns %i', async (product, code) => {
    const form = documentSigningForm({ product })
    expect(failsOf(form)).toContain('product')
    expect((await atCa(form)).code).toBe(code)
  })

  test('a token without token and shipping items is refused', async () => {
    const form = documentSigningForm({ ...TOKEN, product: '1214' })
    expect(failsOf(form)).toEqual(['product'])
    expect((await atCa(form)).code).toBe(-4)
  })

  test('706 for a remote key, isCustomerValidated=Y and template against language are reported, not refused', () => {
    const form = documentSigningForm({
      product: '706',
      includeIndividual: 'N',
      isCustomerValidated: 'Y',
      languageName: 'nl',
      agreementTemplateID: '7',
    })
    const faults = validateForm(TABLE, form)
    expect(faults.every(({ severity }) => severity === 'warn')).toBe(true)
    expect(faults.map(({ parameter }) => parameter)).toEqual(['isCustomerValidated', 'product', 'languageName'])
  })

  test('706 without includeIndividual is reported: the documents disagree about its default', () => {
    const faults = validateForm(TABLE, documentSigningForm({ product: '706' }))
    expect(faults.map(({ parameter, severity }) => `${parameter} ${severity}`)).toEqual([
      'includeIndividual warn',
      'product warn',
    ])
  })

  test('a street in the CSR makes streetAddress1 unnecessary', async () => {
    const { makeCsr, sharedKey } = await import('./rehearsal-kit.ts')
    const csr = makeCsr('CN=Example Ltd,street=Street 1,C=NL', sharedKey('P-256'))
    const form = documentSigningForm({ streetAddress1: '', csr })
    expect(failsOf(form)).toEqual([])
    expect((await atCa(form)).code).toBe(0)
  })

  test('an unknown name is refused by both sides, and the near one is named', async () => {
    const form = documentSigningForm({ organisationName: 'x' })
    const [fault] = validateForm(TABLE, form)
    expect(fault).toMatchObject({ parameter: 'organisationName', remedy: 'Did you mean organizationName?' })
    expect(await atCa(form)).toEqual({ code: -2, message: "'organisationName' is an unrecognised argument!" })
  })

  test('names are read without regard to case, and one parameter may not stand twice', () => {
    const { product, ...rest } = documentSigningForm()
    expect(failsOf({ ...rest, PRODUCT: product ?? '' })).toEqual([])
    expect(failsOf({ ...rest, PRODUCT: '1214', product: '1214' })).toEqual(['product'])
  })

  test('the login is no part of a form', () => {
    expect(failsOf(documentSigningForm({ loginPassword: 'x' }))).toEqual(['loginPassword'])
  })

  test('a line break inside a value is refused', () => {
    expect(failsOf(documentSigningForm({ organizationName: 'A\nB' }))).toEqual(['organizationName'])
  })
})
