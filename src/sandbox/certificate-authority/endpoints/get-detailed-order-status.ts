import { parseCertificate } from '../../../asn1/certificate.ts'
import { GET_DETAILED_ORDER_STATUS } from '../../../sectigo/parameters/get-detailed-order-status.ts'
import { checkForm } from '../check-form.ts'
import { checkLogin } from '../check-login.ts'
import type { Order } from '../order-book.ts'
import { invalid } from '../refusal.ts'
import { type Endpoint, refuseUrlEncoded, urlEncoded } from '../rehearsal.ts'

const WORDS: Readonly<Record<Order['state'], { readonly order: string; readonly certificate: string }>> = {
  'awaiting-authorization': { order: 'Awaiting authorization', certificate: 'Not issued' },
  pending: { order: 'Pending', certificate: 'Not issued' },
  issued: { order: 'Completed', certificate: 'Issued' },
  rejected: { order: 'Rejected', certificate: 'Rejected' },
  revoked: { order: 'Completed', certificate: 'Revoked' },
  replaced: { order: 'Completed', certificate: 'Replaced' },
  failed: { order: 'Pending', certificate: 'Failed' },
}

export const getDetailedOrderStatus: Endpoint = {
  path: '!GetDetailedOrderStatus',
  refuse: (form, refusal) =>
    [...form].some(([name, value]) => name.toLowerCase() === 'responseformat' && value === '2')
      ? json({ errorCode: String(refusal.code), errorMessage: refusal.message })
      : refuseUrlEncoded(form, refusal),
  handle(form, rehearsal) {
    const view = checkForm(GET_DETAILED_ORDER_STATUS, form)
    checkLogin(form, rehearsal)
    const number = view.get('orderNumber')
    const order =
      number === undefined ? rehearsal.orders.findCertificate(view.get('certificateID')) : rehearsal.orders.find(number)
    if (order === undefined) throw invalid(number === undefined ? 'certificateID' : 'orderNumber')
    const fields = {
      errorCode: '0',
      ...describe(order, view.get('queryType') !== '0', view.isYes('showValidityPeriod')),
    }
    return view.get('responseFormat') === '2' ? json(fields) : urlEncoded(fields)
  },
}

const json = (fields: Readonly<Record<string, string>>) => ({
  contentType: 'application/json',
  body: JSON.stringify(fields),
})

function describe(order: Order, details: boolean, validity: boolean): Readonly<Record<string, string>> {
  const words = WORDS[order.state]
  const certificate = order.certificates?.[0]
  const issued = certificate === undefined ? undefined : parseCertificate(certificate)
  return {
    '1_orderNumber': order.orderNumber,
    '1_orderDateTime': timestamp(order.placedAt),
    '1_orderStatus': words.order,
    ...(order.reason !== undefined && order.state === 'rejected' ? { '1_orderStatusReason': order.reason } : {}),
    '1_1_objectType': 'Certificate',
    ...(issued && { '1_1_serialNumber': Buffer.from(issued.serialNumber).toString('hex') }),
    '1_1_certificateStatus': words.certificate,
    ...(order.reason && { '1_1_certificateStatusReason': order.reason }),
    ...(validity && issued !== undefined
      ? { '1_1_notBefore': timestamp(issued.notBefore), '1_1_notAfter': timestamp(issued.notAfter) }
      : {}),
    ...(details
      ? {
          '1_1_csrStatus': String(order.steps.csr),
          '1_1_dcvStatus': String(order.steps.dcv),
          '1_1_ovCallBackStatus': String(order.steps.callback),
          '1_1_organizationValidationStatus': String(order.steps.organizationValidation),
          '1_1_freeDVUPStatus': '-1',
          '1_1_evClickThroughStatus': String(order.steps.agreement),
          '1_1_caaStatus': '-1',
        }
      : {}),
  }
}

const timestamp = (time: number): string => new Date(time).toISOString().replace('T', ' ').slice(0, 19)
