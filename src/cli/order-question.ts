import type { Configuration } from '../config/configuration.ts'
import { isAcme } from '../config/order-route.ts'
import { orderForm } from '../config/profile.ts'

/** What a person is asked before money moves: what is ordered, and from whom. */
export function orderQuestion(configuration: Configuration): string {
  if (isAcme(configuration)) return `Have a certificate issued by ${configuration.text('acme.directory')}?`
  const { product, days } = orderForm(configuration)
  const broker = configuration.text('broker.url')
  const from = broker === undefined ? configuration.text('sectigo.endpoint') : `the broker ${broker}`
  return `Order product ${product ?? '(none)'} for ${days ?? '?'} days from ${from}?`
}
