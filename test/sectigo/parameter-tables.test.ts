import { describe, expect, test } from 'vitest'
import { AUTO_APPLY_ORDER_GENERAL } from '../../src/sectigo/other-products/auto-apply-order-general.ts'
import { PLACE_ORDER, PLACE_ORDER_ITEM } from '../../src/sectigo/other-products/place-order-parameters.ts'
import { AUTO_APPLY_ORDER_DOCUMENT_SIGNING } from '../../src/sectigo/parameters/auto-apply-order-document-signing.ts'
import type { Parameter } from '../../src/sectigo/parameters/parameter.ts'
import { PRODUCTS } from '../../src/sectigo/parameters/products.ts'
import { DOCUMENT_SIGNING_FACTS, MANUAL_FACTS, PLACE_ORDER_FACTS } from './document-facts.ts'
import { type DocumentRow, documentSigningRows, manualRows, placeOrderRows, readDocuments } from './documents.ts'

const documents = readDocuments()

/** A row that differs from the document must carry the decision that says why. */
function expectSame(parameter: Parameter, row: DocumentRow): void {
  const differs =
    (row.type !== '' && parameter.type !== row.type) ||
    parameter.max !== row.max ||
    (row.requirement !== undefined && parameter.requirement !== row.requirement)
  if (differs) expect(parameter.decision, `${parameter.name} differs from ${JSON.stringify(row)}`).toBeDefined()
}

describe.skipIf(documents === undefined)('the documents at hand', () => {
  test('say what the facts say', () => {
    if (documents === undefined) throw new Error('no documents')
    expect(documentSigningRows(documents)).toEqual(DOCUMENT_SIGNING_FACTS)
    expect(placeOrderRows(documents)).toEqual(PLACE_ORDER_FACTS)
    expect(manualRows(documents)).toEqual(MANUAL_FACTS)
  })

  test('have no product code that is unknown here', () => {
    if (documents === undefined) throw new Error('no documents')
    const start = documents.manual.indexOf('PositiveSSL: 291')
    const text = documents.manual.slice(start, documents.manual.indexOf('serverSoftware')).replace(/<[^>]+>/g, '')
    const codes = [...text.matchAll(/(?:^|\s)(\d{1,4}(?:,\d{3})?) = /g)].flatMap(([, code = '']) => code.split(','))
    expect(codes.length).toBeGreaterThan(75)
    expect(codes.filter((code) => !PRODUCTS.some((product) => product.code === code))).toEqual([])
    expect(PRODUCTS.map(({ code }) => code).filter((code) => !codes.includes(code))).toEqual(['1214'])
  })
})

describe('the tables are those of the documents', () => {
  const page = DOCUMENT_SIGNING_FACTS
  const { parameters } = AUTO_APPLY_ORDER_DOCUMENT_SIGNING

  test('Document Signing has 54 rows in the order of the page', () => {
    expect(page).toHaveLength(54)
    expect(parameters).toHaveLength(54)
    expect(parameters.map(({ source }) => Number(/\d+$/.exec(source)?.[0]))).toEqual(page.map((_, index) => index + 1))
  })

  test.each(parameters.map((parameter, index) => [index + 1, parameter.name, parameter] as const))(
    'Document Signing row %i (%s) has the requirement, type and length of the page',
    (number, _, parameter) => {
      const row = page[number - 1]
      if (row === undefined) throw new Error('no row')
      expect(parameter.type).toBe(row.type)
      expect(parameter.max).toBe(row.max)
      if (parameter.name === 'csr')
        expect([row.requirement, parameter.requirement]).toEqual(['required', 'conditional'])
      else expect(parameter.requirement).toBe(row.requirement)
    },
  )

  const rows = PLACE_ORDER_FACTS
  const orderRows = rows.filter(({ name = '' }) => !name.startsWith('x_'))
  const itemRows = rows.filter(({ name = '' }) => name.startsWith('x_'))

  test('!PlaceOrder has the rows of its page, in order', () => {
    expect(orderRows.length).toBeGreaterThan(40)
    expect(PLACE_ORDER.parameters.map(({ name }) => name)).toEqual(orderRows.map(({ name }) => name))
  })

  test.each(PLACE_ORDER.parameters.map((parameter) => [parameter.name, parameter] as const))(
    '!PlaceOrder %s is as on the page',
    (name, parameter) => {
      const row = orderRows.find((candidate) => candidate.name === name)
      if (row === undefined) throw new Error('no row')
      // The page leaves the length of Y/N characters out.
      expectSame(parameter, row.type === 'char' ? { ...row, max: 1 } : row)
    },
  )

  test.each(itemRows.map((row) => [row.name ?? '', row] as const))(
    '!PlaceOrder item %s is as on the page',
    (name, row) => {
      const parameter = PLACE_ORDER_ITEM.parameters.find((candidate) => `x_${candidate.name}` === name)
      if (parameter === undefined) throw new Error('not in the table')
      expectSame(parameter, row)
    },
  )

  const manual = MANUAL_FACTS
  test.each(manual.map((row) => [row.name ?? '', row] as const))('manual 3.44: %s is as in section 1', (name, row) => {
    const parameter = AUTO_APPLY_ORDER_GENERAL.parameters.find((candidate) => candidate.name === name)
    if (parameter === undefined) throw new Error('not in the table')
    expectSame(parameter, row)
  })

  test('manual 3.44: no row is missing and only sourced ones are added', () => {
    expect(manual.length).toBeGreaterThanOrEqual(80)
    const names = new Set(manual.map(({ name }) => name))
    const added = AUTO_APPLY_ORDER_GENERAL.parameters.filter(({ name }) => !names.has(name))
    expect(added.map(({ name }) => name)).toEqual(
      ['days', 'pkcs10', 'spkac', 'AppRepLoginPassword', 'hsmType', 'keyAttestation'].filter(
        (name) => !names.has(name),
      ),
    )
  })
})
