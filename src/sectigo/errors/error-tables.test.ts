import { describe, expect, test } from 'vitest'
import { PLACE_ORDER_ERRORS } from '../other-products/place-order-errors.ts'
import { AUTO_APPLY_ORDER_ERRORS, AUTO_APPLY_ORDER_GENERAL_ERRORS } from './auto-apply-order.ts'
import { AUTO_AUTHORIZE_ERRORS } from './auto-authorize.ts'
import { AUTO_REFUND_ERRORS } from './auto-refund.ts'
import { AUTO_REVOKE_CERTIFICATE_ERRORS } from './auto-revoke-certificate.ts'
import { COLLECT_ERRORS } from './collect.ts'
import { explainRefusal, rowsFor } from './error-table.ts'
import { GET_ACCOUNT_BALANCE_ERRORS } from './get-account-balance.ts'
import { GET_DETAILED_ORDER_STATUS_ERRORS } from './get-detailed-order-status.ts'

const TABLES = [
  AUTO_APPLY_ORDER_ERRORS,
  AUTO_APPLY_ORDER_GENERAL_ERRORS,
  PLACE_ORDER_ERRORS,
  AUTO_AUTHORIZE_ERRORS,
  AUTO_REFUND_ERRORS,
  AUTO_REVOKE_CERTIFICATE_ERRORS,
  COLLECT_ERRORS,
  GET_ACCOUNT_BALANCE_ERRORS,
  GET_DETAILED_ORDER_STATUS_ERRORS,
]

describe('every row of every error table', () => {
  test.each(TABLES.map((table, index) => [`${table.endpoint} ${index}`, table] as const))('%s', (_, table) => {
    const codes = table.rows.flatMap(({ code }) => (typeof code === 'number' ? [code] : []))
    expect(new Set(codes).size).toBe(codes.length)
    for (const row of table.rows) {
      expect(row.cause).not.toMatch(/[.\n]$/)
      expect(row.remedy).toMatch(/^\S.*\.$|ticket$/)
      const code = typeof row.code === 'number' ? row.code : row.code.from
      expect(code).toBeLessThan(0)
      const refusal = explainRefusal(table, code, 'what the CA said')
      expect(refusal).toMatchObject({ code, message: 'what the CA said' })
      expect(refusal.cause).toContain(row.cause)
      expect(refusal.remedy).not.toBe('')
    }
  })
})

describe('one number at several endpoints', () => {
  test.each([
    [-18, 'domain name', 'refund was not granted'],
    [-35, 'IP address', 'expired'],
  ])('%i means different things', (code, ordering, other) => {
    expect(explainRefusal(AUTO_APPLY_ORDER_ERRORS, code, '').cause).toContain(ordering)
    const table = code === -18 ? AUTO_REFUND_ERRORS : AUTO_REVOKE_CERTIFICATE_ERRORS
    expect(explainRefusal(table, code, '').cause).toContain(other)
  })
  test('-42 is the limit of calls when ordering, too: nothing was ordered, and the key stays free', () => {
    for (const table of [AUTO_APPLY_ORDER_ERRORS, AUTO_APPLY_ORDER_GENERAL_ERRORS, GET_ACCOUNT_BALANCE_ERRORS]) {
      const refusal = explainRefusal(table, -42, '')
      expect(refusal).toMatchObject({ cause: 'the endpoint was called too often', final: false })
      expect(refusal.doubtful).toBeUndefined()
    }
  })
  test('-19 is an address when ordering and the account type when asking for the balance', () => {
    expect(explainRefusal(AUTO_APPLY_ORDER_ERRORS, -19, '').cause).toContain('public IP')
    expect(explainRefusal(GET_ACCOUNT_BALANCE_ERRORS, -19, '').cause).toContain('account')
  })
})

describe('numbers that the page lost', () => {
  test('a number within bounds is explained by every row that could have it', () => {
    expect(explainRefusal(AUTO_APPLY_ORDER_ERRORS, -87, 'x').cause).toContain('must include the item')
    expect(rowsFor(AUTO_APPLY_ORDER_ERRORS, -100).length).toBeGreaterThan(1)
    expect(explainRefusal(AUTO_APPLY_ORDER_ERRORS, -100, 'x').cause).toContain('probably one of')
  })
  test('an exact row wins over bounds', () => {
    expect(rowsFor(AUTO_APPLY_ORDER_ERRORS, -115)).toHaveLength(1)
    expect(explainRefusal(AUTO_APPLY_ORDER_ERRORS, -129, '').cause).toContain('key attestation')
  })
  test('an unlisted number keeps the words of the CA and is never final', () => {
    expect(explainRefusal(AUTO_APPLY_ORDER_ERRORS, -999, 'new rule')).toMatchObject({
      message: 'new rule',
      final: false,
    })
  })
})
