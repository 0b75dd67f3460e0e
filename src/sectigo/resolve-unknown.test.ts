import { expect, test } from 'vitest'
import { type OtherOrders, resolveUnknown, type UnknownOrderFacts } from './resolve-unknown.ts'

/** 100 before, and this afterwards, with what others have ordered. */
const beside = (after: string, others: Partial<OtherOrders>, price?: string): UnknownOrderFacts => ({
  before: at('100.00'),
  after: at(after),
  others: { charged: '0.00', around: [], open: 0, paidBack: 0, ...others },
  ...(price === undefined ? {} : { price }),
})
const at = (amount: string, over: object = {}) => ({ accountId: '1', currency: 'EUR', amount, ...over })

test.each<readonly [what: string, facts: UnknownOrderFacts, verdict: string]>([
  ['a number that the CA knows', { status: { orderNumber: '7', found: true } }, 'placed strong'],
  ['a number that the CA does not know', { status: { orderNumber: '7', found: false } }, 'undecided weak'],
  ['exactly the price gone', { before: at('100.00'), after: at('-245.00'), price: '345.00' }, 'placed weak'],
  ['nothing gone', { before: at('100.00'), after: at('100.00'), price: '345.00' }, 'not-placed weak'],
  ['more than the price gone', { before: at('1000.00'), after: at('310.00'), price: '345.00' }, 'undecided weak'],
  ['less than the price gone', { before: at('1000.00'), after: at('990.00'), price: '345.00' }, 'not-placed weak'],
  ['something gone, price unknown', { before: at('1000'), after: at('655.00') }, 'placed weak'],
  ['credit added', { before: at('1.00'), after: at('2.00') }, 'undecided weak'],
  ['a test order', { test: true, before: at('1.00'), after: at('1.00') }, 'undecided weak'],
  ['an order to be authorized', { toAuthorize: true, before: at('1.00'), after: at('1.00') }, 'undecided weak'],
  ['no balance before', { after: at('1.00') }, 'undecided weak'],
  ['another currency', { before: at('1.00'), after: at('1.00', { currency: 'USD' }) }, 'undecided weak'],
  ['another account', { before: at('1.00'), after: at('1.00', { accountId: '2' }) }, 'undecided weak'],
  ['an amount that is none', { before: at('1.00'), after: at('much') }, 'undecided weak'],
  ['tenths of a cent', { before: at('1.005'), after: at('1.00') }, 'undecided weak'],
  ['nothing gone but what others paid', beside('60.00', { charged: '40.00' }), 'not-placed weak'],
  ['something gone beside what others paid', beside('41.00', { charged: '40.00' }), 'placed weak'],
  ['the price gone beside what others paid', beside('41.00', { charged: '40.00' }, '19.00'), 'placed weak'],
  ['less gone than others paid', beside('90.00', { charged: '40.00' }), 'undecided weak'],
  ['the price gone, and another order of it before or after', beside('81.00', { around: ['19.00'] }), 'undecided weak'],
  ['twice the price gone, and another order of it', beside('62.00', { around: ['19.00'] }), 'placed weak'],
  ['nothing gone, and another order before or after', beside('100.00', { around: ['19.00'] }), 'not-placed weak'],
  ['something gone, and another order nobody knows of', beside('81.00', { open: 1 }), 'undecided weak'],
  ['nothing gone, and another order nobody knows of', beside('100.00', { open: 1 }), 'not-placed weak'],
  ['nothing gone, and an order that may be paid back', beside('100.00', { paidBack: 1 }), 'undecided weak'],
  ['more orders than can be told apart', beside('0.00', { around: Array(13).fill('1.00') }), 'undecided weak'],
  [
    'large amounts, exactly',
    { before: at('999999999999.99'), after: at('999999999999.98'), price: '0.01' },
    'placed weak',
  ],
])('%s', (_, facts, verdict) => {
  const result = resolveUnknown(facts)
  expect(`${result.verdict} ${result.confidence}`).toBe(verdict)
  expect(result.reason).not.toBe('')
  expect(result.remedy).not.toBe('')
})
