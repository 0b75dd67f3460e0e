import { AUTO_AUTHORIZE } from '../../../sectigo/parameters/auto-authorize.ts'
import { checkForm } from '../check-form.ts'
import { checkLogin } from '../check-login.ts'
import { debit } from '../order-book.ts'
import { invalid, Refused } from '../refusal.ts'
import { type Endpoint, lines } from '../rehearsal.ts'

/** Newline-separated only. */
export const autoAuthorize: Endpoint = {
  path: '!AutoAuthorize',
  costs: true,
  refuse: (_, { code, message }) => lines(code, message),
  handle(form, rehearsal) {
    const view = checkForm(AUTO_AUTHORIZE, form)
    checkLogin(form, rehearsal)
    const order = rehearsal.orders.find(view.get('orderNumber'))
    if (order === undefined || order.state !== 'awaiting-authorization') throw invalid('orderNumber')
    if (view.isYes('test')) return lines(0)
    if (!debit(order, rehearsal.ledger)) throw new Refused(-15, 'Not enough credit!')
    order.state = 'pending'
    rehearsal.placed(order)
    return lines(0)
  },
}
