import { parseCertificate } from '../../../asn1/certificate.ts'
import { AUTO_REVOKE_CERTIFICATE } from '../../../sectigo/parameters/auto-revoke-certificate.ts'
import type { FormView } from '../../../sectigo/parameters/form-view.ts'
import { checkForm } from '../check-form.ts'
import { checkLogin } from '../check-login.ts'
import type { Order, OrderBook } from '../order-book.ts'
import { invalid, Refused } from '../refusal.ts'
import { type Endpoint, refuseUrlEncoded, urlEncoded } from '../rehearsal.ts'

/** Revokes an issued certificate; rejects an order that is not issued yet. */
export const autoRevokeCertificate: Endpoint = {
  path: '!autoRevokeCertificate',
  refuse: refuseUrlEncoded,
  handle(form, rehearsal) {
    const view = checkForm(AUTO_REVOKE_CERTIFICATE, form)
    checkLogin(form, rehearsal)
    const order = find(view, rehearsal.orders)
    if (order.state === 'rejected') throw new Refused(-20, 'The certificate request has already been rejected!')
    if (order.state === 'revoked') throw new Refused(-21, 'The certificate has already been revoked!')
    const [certificate] = order.certificates ?? []
    if (certificate !== undefined && parseCertificate(certificate).notAfter < rehearsal.now()) {
      throw new Refused(-35, 'The certificate has already expired!')
    }
    if (order.state === 'issued' || order.state === 'replaced') {
      order.state = view.get('includeInCRL') === 'N' ? 'replaced' : 'revoked'
    } else order.state = 'rejected'
    order.reason = view.get('revocationReason') ?? 'by the account'
    return urlEncoded({ errorCode: 0 })
  },
}

function find(view: FormView, orders: OrderBook): Order {
  const number = view.get('orderNumber')
  const serial = view.get('serialNumber')?.toLowerCase().replace(/^0+/, '')
  const order =
    number !== undefined
      ? orders.find(number)
      : serial === undefined
        ? orders.findCertificate(view.get('certificateID'))
        : orders.all.find((candidate) => serialOf(candidate) === serial)
  if (order !== undefined) return order
  throw invalid(number !== undefined ? 'orderNumber' : serial === undefined ? 'certificateID' : 'serialNumber')
}

function serialOf({ certificates }: Order): string | undefined {
  const [certificate] = certificates ?? []
  if (certificate === undefined) return undefined
  return Buffer.from(parseCertificate(certificate).serialNumber).toString('hex').replace(/^0+/, '')
}
