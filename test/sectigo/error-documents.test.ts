import { describe, expect, test } from 'vitest'
import { FAULT_KINDS } from '../../src/sandbox/certificate-authority/fault.ts'
import { AUTO_APPLY_ORDER_ERRORS, AUTO_APPLY_ORDER_GENERAL_ERRORS } from '../../src/sectigo/errors/auto-apply-order.ts'
import { AUTO_REFUND_ERRORS } from '../../src/sectigo/errors/auto-refund.ts'
import { type ErrorTable, rowsFor } from '../../src/sectigo/errors/error-table.ts'
import { GET_ACCOUNT_BALANCE_ERRORS } from '../../src/sectigo/errors/get-account-balance.ts'
import { GET_DETAILED_ORDER_STATUS_ERRORS } from '../../src/sectigo/errors/get-detailed-order-status.ts'
import { PLACE_ORDER_ERRORS } from '../../src/sectigo/other-products/place-order-errors.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { readDocuments } from './documents.ts'
import { clientOptions, documentSigningForm, start } from './rehearsal-kit.ts'

const documents = readDocuments()

describe.skipIf(documents === undefined)('the error tables are those of the documents', () => {
  const { manual, placeOrder, documentSigning } = documents ?? { manual: '', placeOrder: '', documentSigning: '' }
  const section = (from: string, to: string) => manual.slice(manual.indexOf(from), manual.indexOf(to))

  /** `-3 = The 'xxxx' argument is missing!`, one after the other on long lines. */
  const equations = (text: string) =>
    [...text.replace(/<[a-z/]+>/g, '').matchAll(/(-\d+) = (.+?)(?=\s+-\d+ = |\n|$)/g)].map(
      ([, code, message = '']) => [Number(code), message.trim()] as const,
    )
  const plain = (text: string) => text.replace(/[‘’]/g, "'").replace(/\s+/g, ' ').trim()

  const expectRows = (table: ErrorTable, rows: readonly (readonly [number, string])[]) => {
    for (const [code, message] of rows) {
      const row = table.rows.find((candidate) => candidate.code === code)
      expect(row, `${table.endpoint} ${code}`).toBeDefined()
      expect([code, plain(row?.message ?? '')]).toEqual([
        code,
        // Section 7 names arguments 'xxx', the others 'xxxx'; section 8 lost a mark; -56 is followed by a note on its date.
        plain(message)
          .replace(/'xxx'(?= is | argument)/, "'xxxx'")
          .replace(/missing$/, 'missing!')
          .replace(/ <EXPIRATION_DATE> in format.*/, ''),
      ])
    }
  }

  test('manual 3.44, section 2.1', () => {
    const rows = equations(section('2.1 MIME Type', '2.2.1 If Status'))
    expect(rows.length).toBeGreaterThan(40)
    expectRows(AUTO_APPLY_ORDER_GENERAL_ERRORS, rows)
  })

  test('manual 3.44, sections 7, 8 and 9', () => {
    const parts = manual.split('\n7. Parameters for refunding').at(-1) ?? ''
    const rows = [...parts.slice(0, parts.indexOf('\n8. ')).matchAll(/^(-\d+)\t(.+)$/gm)].map(
      ([, code, message = '']) => [Number(code), message] as const,
    )
    expect(rows).toHaveLength(8)
    expectRows(AUTO_REFUND_ERRORS, rows)
    const last = manual.slice(manual.lastIndexOf('8. Parameters for getting'))
    const status = equations(last.slice(0, last.indexOf('9. Parameters for getting')))
    expect(status.length).toBe(7)
    expectRows(GET_DETAILED_ORDER_STATUS_ERRORS, status)
    const balance = equations(last.slice(last.indexOf('9. Parameters for getting')))
    expect(balance.length).toBe(8)
    expectRows(GET_ACCOUNT_BALANCE_ERRORS, balance)
  })

  test('!PlaceOrder', () => {
    const table = placeOrder.slice(placeOrder.indexOf('Error Code Error Message'))
    const rows = [...table.matchAll(/^(-\d+)\n\n([^\n]+)\n/gm)].map(
      ([, code, message = '']) => [Number(code), message] as const,
    )
    expect(rows).toHaveLength(18)
    expectRows(PLACE_ORDER_ERRORS, rows)
    expect(PLACE_ORDER_ERRORS.rows).toHaveLength(18)
  })

  test('!AutoApplyOrder, Document Signing: as many rows as the page has', () => {
    const page = documentSigning.slice(documentSigning.indexOf('| Error Code |'))
    expect(page.match(/^\|\n\|\n/gm) ?? page.match(/^\|\n/gm)).toHaveLength(AUTO_APPLY_ORDER_ERRORS.rows.length)
  })
})

describe('every code of !AutoApplyOrder', () => {
  test('reaches the run as a refusal with cause and remedy, in both formats', async () => {
    expect(FAULT_KINDS).toContain('error')
    const ca = await start()
    const sectigo = createSectigo(clientOptions(ca))
    for (const row of AUTO_APPLY_ORDER_GENERAL_ERRORS.rows) {
      const code = typeof row.code === 'number' ? row.code : row.code.to
      for (const responseFormat of ['0', '1']) {
        ca.fail({ kind: 'error', code, message: `what the CA says about ${code}` })
        const outcome = await sectigo.applyOrder(documentSigningForm({ responseFormat }))
        if (outcome.kind !== 'rejected') throw new Error(outcome.kind)
        expect(outcome.refusal.message).toBe(`what the CA says about ${code}`)
        expect(outcome.refusal.cause.length).toBeGreaterThan(5)
        // Numbers of licences alone are unknown to a Document Signing order.
        if (rowsFor(AUTO_APPLY_ORDER_ERRORS, code).length > 0)
          expect(outcome.refusal.cause).toContain(rowsFor(AUTO_APPLY_ORDER_ERRORS, code)[0]?.cause)
      }
    }
    expect(ca.orders).toEqual([])
    await ca.close()
  })
})
