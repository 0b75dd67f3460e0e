import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readBalance } from '../get-account-balance.ts'
import { orderProgress, stateOf } from './order-progress.ts'
import { readOrderReply } from './order-reply.ts'
import { readOrderStatus } from './order-status.ts'
import { readReplyShape } from './reply-shape.ts'

describe('the reply to an order', () => {
  test('reads lines, with certificate ID and state where they were asked for', () => {
    const text = '0\r\n123456789\r\n35.00\r\n1\r\n1234567890123456\r\npending\r\nimWhh1J1\r\n'
    expect(readOrderReply(text, { showCertificateId: true, showCertificateState: true })).toEqual({
      kind: 'accepted',
      orderNumber: '123456789',
      amount: '35.00',
      paymentRequired: false,
      expectedDeliveryTime: '1',
      certificateId: '1234567890123456',
      certificateState: 'pending',
      uniqueValue: 'imWhh1J1',
    })
    expect(readOrderReply('0\n1\n2.00\n0\nissued', { showCertificateState: true })).toMatchObject({
      certificateState: 'issued',
    })
    expect(readOrderReply('0\n1\n2.00\n0\nabc')).toMatchObject({ uniqueValue: 'abc' })
  })

  test('reads URL-encoded parameters, names without regard to case, status 1 as payment required', () => {
    expect(
      readOrderReply(
        'errorcode=1&OrderNumber=77&totalCost=210.00&expectedDeliveryTime=1&certificateID=5&certificateStatus=x+y',
      ),
    ).toEqual({
      kind: 'accepted',
      orderNumber: '77',
      amount: '210.00',
      paymentRequired: true,
      expectedDeliveryTime: '1',
      certificateId: '5',
      certificateState: 'x y',
    })
  })

  test('reads a refusal in either shape, whatever was asked for', () => {
    const refused = { kind: 'refused', code: -3, message: "The 'csr' argument is missing!" }
    expect(readOrderReply("-3\nThe 'csr' argument is missing!")).toEqual(refused)
    expect(readOrderReply('errorCode=-3&errorMessage=The+%27csr%27+argument+is+missing%21')).toEqual(refused)
    expect(readOrderReply('errorCode=-3&errorItem=csr')).toMatchObject({ code: -3, item: 'csr' })
  })

  test.each([
    '',
    ' \n ',
    '<html><body>0</body></html>',
    '{"errorCode":0,"orderNumber":1}',
    '0',
    '0\n',
    '0\nnot an order\n1.00',
    '0\n12\nfree\n',
    '2\n12\n1.00',
    'errorCode=0',
    'errorCode=zero&orderNumber=1',
    'errorCode=0&errorCode=-3&orderNumber=1',
    'errorCode=0&orderNumber=%zz',
    'errorCode=0&orderNumber=1<br>',
    'OK',
    '00000000000\n1',
  ])('leaves %j unreadable', (text) => {
    expect(readOrderReply(text).kind).toBe('unreadable')
  })

  test('never throws, and never takes anything without a number for an order', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const reply = readOrderReply(text)
        if (reply.kind === 'accepted') expect(text).toMatch(/\d|orderNumber/i)
        readBalance(text)
        readOrderStatus(text)
      }),
      { numRuns: 2000 },
    )
  })

  test('reads a thousand parameters quickly and refuses ten thousand and one', () => {
    const many = (count: number) =>
      `errorCode=0&orderNumber=1&${Array.from({ length: count }, (_, n) => `a${n}=1`).join('&')}`
    expect(readReplyShape(many(1000))).toMatchObject({ code: 0 })
    expect(readReplyShape(many(10_001))).toBeUndefined()
  })
})

describe('the balance', () => {
  const balance = { accountId: '42', currency: 'EUR', amount: '-12.50', hardLimit: '100.00' }
  test('reads both shapes, for status 0 although the manual says "> 0"', () => {
    expect(readBalance('0\n42\nEUR\n-12.50\n100.00')).toEqual({ kind: 'balance', balance })
    expect(readBalance('errorCode=0&accountID=42&currencyCode=EUR&amount=-12.50&hardCreditLimit=100.00')).toEqual({
      kind: 'balance',
      balance,
    })
  })
  test('reads refusals, and nothing without an amount', () => {
    expect(readBalance('-42\nCall limit reached!')).toEqual({
      kind: 'refused',
      code: -42,
      message: 'Call limit reached!',
    })
    expect(readBalance('0\n42\nEUR').kind).toBe('unreadable')
    expect(readBalance('0\n42\nEUR\nmuch').kind).toBe('unreadable')
  })
})

describe('the order status', () => {
  const encoded =
    'errorCode=0&1_orderNumber=9&1_orderStatus=Pending&1_suggestedOrgDetails=NotApplicable&1_1_objectType=Certificate&' +
    '1_1_certificateStatus=Not+Issued&1_1_csrStatus=1&1_1_ovCallBackStatus=0&1_1_organizationValidationStatus=2&' +
    '1_1_evClickThroughStatus=0&1_1_dcvStatus=-1&1_2_objectType=Token&1_2_upsTrackingID=1Z&2_orderNumber=9repl%231'

  test('is a tree of orders and items', () => {
    const reply = readOrderStatus(encoded)
    if (reply.kind !== 'status') throw new Error(reply.kind)
    expect(reply.orders.map(({ orderNumber }) => orderNumber)).toEqual(['9', '9repl#1'])
    const [order] = reply.orders
    expect(order?.items).toHaveLength(2)
    expect(order?.suggestedOrgDetails).toBe('NotApplicable')
    expect(order?.items[0]?.steps).toEqual({
      csrStatus: 'completed',
      dcvStatus: 'not-required',
      ovCallBackStatus: 'not-completed',
      organizationValidationStatus: 'in-progress',
      evClickThroughStatus: 'not-completed',
    })
    expect(order?.items[1]?.other).toEqual({ upstrackingid: '1Z' })
  })

  test('is the same tree from JSON: flat, under numbers, or in lists', () => {
    const item = { certificateStatus: 'Issued', csrStatus: 1 }
    const tree = [
      {
        index: 1,
        orderNumber: '9',
        items: [{ index: 1, certificateStatus: 'Issued', steps: { csrStatus: 'completed' }, other: {} }],
        other: {},
      },
    ]
    for (const json of [
      { errorCode: 0, '1_orderNumber': '9', '1_1_certificateStatus': 'Issued', '1_1_csrStatus': '1' },
      { errorCode: 0, '1': { orderNumber: '9', '1': item } },
      { errorCode: 0, orders: [{ orderNumber: 9, certificates: [item] }] },
    ]) {
      expect(readOrderStatus(JSON.stringify(json))).toEqual({ kind: 'status', orders: tree })
    }
    expect(readOrderStatus('{"errorCode":-16,"errorMessage":"no"}')).toEqual({
      kind: 'refused',
      code: -16,
      message: 'no',
    })
    expect(readOrderStatus(`${'['.repeat(5000)}`).kind).toBe('unreadable')
    expect(readOrderStatus(`${'['.repeat(50)}1${']'.repeat(50)}`).kind).toBe('unreadable')
  })

  test('becomes steps that say what a person must do', () => {
    const reply = readOrderStatus(encoded)
    if (reply.kind !== 'status') throw new Error(reply.kind)
    const progress = orderProgress(reply.orders[0])
    expect(progress.state).toBe('pending')
    expect(progress.summary).toBe('order Pending, certificate Not Issued')
    expect(progress.steps.map(({ id, status }) => `${id}: ${status}`)).toEqual([
      'csr: done',
      'organization-validation: in-progress',
      'callback: open',
      'agreement: open',
      'domain-control: not-required',
    ])
    for (const step of progress.steps) {
      expect(step.instruction !== undefined).toBe(step.status === 'open' || step.status === 'in-progress')
    }
  })

  test.each(['Issued', 'Rejected', 'Revoked'])('leaves nothing to be done once the order is over (%s)', (status) => {
    const reply = readOrderStatus(encoded.replace('Not+Issued', status).replace('Pending', status))
    if (reply.kind !== 'status') throw new Error(reply.kind)
    const { steps } = orderProgress(reply.orders[0])
    expect(steps).toHaveLength(5)
    expect(steps.filter(({ instruction }) => instruction !== undefined)).toEqual([])
  })

  test.each([
    ['Issued', 'issued'],
    ['issued', 'issued'],
    ['Valid', 'issued'],
    ['Issued but not yet collected', 'issued'],
    ['Completed', 'issued'],
    ['Not Issued', 'pending'],
    ['Unissued', 'pending'],
    ['Awaiting Validation (Brand)', 'pending'],
    ['In process', 'pending'],
    ['Rejected', 'rejected'],
    ['Rejected: not authorised', 'rejected'],
    ['Cancelled', 'rejected'],
    ['Revoked', 'revoked'],
    ['Replaced', 'revoked'],
    ['PRE-SIGN FAILED: CAA', 'unknown'],
    ['Invalid', 'unknown'],
    ['', 'unknown'],
    ['something new', 'unknown'],
  ])('%j means %s', (text, state) => {
    expect(stateOf(text)).toBe(state)
  })
})
