import { expect, test } from 'vitest'
import { readOrderStatus } from '../sectigo/replies/order-status.ts'
import { orderStatusToText } from './order-status-view.ts'

const reply =
  'errorCode=0&1_orderNumber=9&1_orderStatus=Completed&1_1_certificateStatus=Replaced&1_1_csrStatus=1&' +
  '2_orderNumber=9repl%231&2_orderStatus=Pending&2_1_certificateStatus=Not+Issued%1b[31m&2_1_ovCallBackStatus=0'

test('an order stands with its steps, and the orders that replace it below', () => {
  const status = readOrderStatus(reply)
  if (status.kind !== 'status') throw new Error(status.kind)
  expect(orderStatusToText(status.orders, '9').split('\n')).toEqual([
    'order 9: revoked, order Completed, certificate Replaced',
    '  done         csr',
    expect.stringMatching(/^replaced by 9repl#1: pending, order Pending, certificate Not Issued\P{Cc}*$/u),
  ])
})

test('a number that the CA writes in another way is still the order asked for', () => {
  const status = readOrderStatus('errorCode=0&1_orderStatus=Pending')
  if (status.kind !== 'status') throw new Error(status.kind)
  expect(orderStatusToText(status.orders, '9')).toBe('order 9: pending, order Pending')
})
