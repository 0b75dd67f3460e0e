import { AUTO_REFUND } from '../../../sectigo/parameters/auto-refund.ts'
import { productOf } from '../../../sectigo/parameters/products.ts'
import { checkForm } from '../check-form.ts'
import { checkLogin } from '../check-login.ts'
import type { Order } from '../order-book.ts'
import { invalid, Refused } from '../refusal.ts'
import { type Endpoint, refuseUrlEncoded, urlEncoded } from '../rehearsal.ts'

/** Refunds single-domain and wildcard SSL only; everything else goes through a ticket (-18 with the reason). */
export const autoRefund: Endpoint = {
  path: '!AutoRefund',
  costs: true,
  refuse: refuseUrlEncoded,
  handle(form, rehearsal) {
    const view = checkForm(AUTO_REFUND, form)
    checkLogin(form, rehearsal)
    const order = rehearsal.orders.find(view.get('orderNumber'))
    if (order === undefined) throw invalid('orderNumber')
    if (order.refunded) throw new Refused(-18, 'The order was refunded already.')
    if (!isRefundable(order))
      throw new Refused(-18, 'Only single-domain and wildcard SSL certificates can be refunded here.')
    if (order.debited) rehearsal.ledger.give(order.cost)
    order.refunded = true
    if (order.state === 'pending') {
      order.state = 'rejected'
      order.reason = 'refunded'
    }
    return urlEncoded({ errorCode: 0 })
  },
}

const isRefundable = ({ products }: Order): boolean =>
  products.every((code) => {
    const product = productOf(code)
    return product?.family === 'ssl' && product.domains !== 'multi'
  })
