import { type ReplyParameters, readReplyShape } from './reply-shape.ts'

/** What the reply to an order says, in the documents' terms. */
export type OrderReply =
  | {
      readonly kind: 'accepted'
      readonly orderNumber: string
      /** Debited, or required where `paymentRequired`; as written, without currency. */
      readonly amount?: string
      /** Status 1. */
      readonly paymentRequired: boolean
      readonly certificateId?: string
      readonly certificateState?: string
      readonly uniqueValue?: string
      /** Hours; deprecated by the documents. */
      readonly expectedDeliveryTime?: string
    }
  | { readonly kind: 'refused'; readonly code: number; readonly message: string; readonly item?: string }
  | { readonly kind: 'unreadable'; readonly why: string }

export interface OrderReplyOptions {
  /** Was `showCertificateID=Y` sent: says what line 5 of the text form is. */
  readonly showCertificateId?: boolean
  readonly showCertificateState?: boolean
}

const ORDER_NUMBER = /^[A-Za-z0-9#_-]{1,128}$/
const AMOUNT = /^-?\d{1,12}([.,]\d{1,4})?$/

const unreadable = (why: string): OrderReply => ({ kind: 'unreadable', why })

/**
 * Reads the reply of `!AutoApplyOrder` and `!PlaceOrder` in either shape. An order number without an error code is a
 * success (the sample reply of `!PlaceOrder` has none); a number that is neither below 0 nor 0 or 1 is unreadable.
 */
export function readOrderReply(text: string, options: OrderReplyOptions = {}): OrderReply {
  const reply = readReplyShape(text)
  if (reply === undefined) return unreadable('the reply has neither of the documented forms')
  if (reply.code !== undefined && reply.code < 0) {
    return reply.shape === 'lines'
      ? { kind: 'refused', code: reply.code, message: reply.lines.slice(1).join(' ').trim().slice(0, 2000) }
      : refused(reply.code, reply.parameters)
  }
  if (reply.code !== undefined && reply.code > 1) return unreadable(`the status ${reply.code} is not documented`)
  return reply.shape === 'lines'
    ? acceptedLines(reply.code === 1, reply.lines, options)
    : acceptedParameters(reply.code === 1, reply.parameters)
}

function refused(code: number, parameters: ReplyParameters): OrderReply {
  const item = parameters.get('erroritem')?.slice(0, 255)
  return {
    kind: 'refused',
    code,
    message: (parameters.get('errormessage') ?? '').slice(0, 2000),
    ...(item === undefined ? {} : { item }),
  }
}

function acceptedLines(paymentRequired: boolean, lines: readonly string[], options: OrderReplyOptions): OrderReply {
  const [, orderNumber = '', amount, expectedDeliveryTime, ...rest] = lines
  if (!ORDER_NUMBER.test(orderNumber)) return unreadable('the second line is no order number')
  if (amount !== undefined && amount !== '' && !AMOUNT.test(amount)) return unreadable('the third line is no amount')
  const tail = rest.filter((line) => line !== '')
  const certificateId = options.showCertificateId === true ? tail.shift() : undefined
  const certificateState = options.showCertificateState === true ? tail.shift() : undefined
  return accepted({
    orderNumber,
    paymentRequired,
    amount,
    certificateId,
    certificateState,
    expectedDeliveryTime,
    uniqueValue: tail.shift(),
  })
}

function acceptedParameters(paymentRequired: boolean, parameters: ReplyParameters): OrderReply {
  const orderNumber = parameters.get('ordernumber') ?? ''
  if (!ORDER_NUMBER.test(orderNumber)) return unreadable('the reply names no order number')
  return accepted({
    orderNumber,
    paymentRequired,
    amount: parameters.get('totalcost'),
    certificateId: parameters.get('certificateid'),
    certificateState: parameters.get('certificatestatus'),
    expectedDeliveryTime: parameters.get('expecteddeliverytime'),
    uniqueValue: parameters.get('uniquevalue'),
  })
}

interface Fields {
  readonly orderNumber: string
  readonly paymentRequired: boolean
  readonly amount: string | undefined
  readonly certificateId: string | undefined
  readonly certificateState: string | undefined
  readonly expectedDeliveryTime: string | undefined
  readonly uniqueValue: string | undefined
}

/** Odd values beside a good order number do not make the order unknown: they are left out. */
function accepted(fields: Fields): OrderReply {
  const id = fields.certificateId !== undefined && /^\d{1,16}$/.test(fields.certificateId) ? fields.certificateId : ''
  const optional = (name: string, value: string | undefined) =>
    value === undefined || value === '' ? {} : { [name]: value.slice(0, 255) }
  return {
    kind: 'accepted',
    orderNumber: fields.orderNumber,
    paymentRequired: fields.paymentRequired,
    ...optional('amount', fields.amount),
    ...optional('certificateId', id),
    ...optional('certificateState', fields.certificateState),
    ...optional('expectedDeliveryTime', fields.expectedDeliveryTime),
    ...optional('uniqueValue', fields.uniqueValue),
  }
}
