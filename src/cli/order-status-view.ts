import { printable } from '../printable.ts'
import { orderProgress } from '../sectigo/replies/order-progress.ts'
import type { OrderNode } from '../sectigo/replies/order-status.ts'

/** The order that was asked for, among those that the CA names. */
export const namedOrder = (orders: readonly OrderNode[], orderNumber: string): OrderNode | undefined =>
  orders.find((order) => order.orderNumber === orderNumber) ?? orders[0]

/** An order with its steps, and a line for each that replaced it, as `order status` prints them. */
export function orderStatusToText(orders: readonly OrderNode[], orderNumber: string): string {
  const named = namedOrder(orders, orderNumber)
  const progress = orderProgress(named)
  return [
    `order ${orderNumber}: ${progress.state}, ${printable(progress.summary)}`,
    ...progress.steps.map(
      ({ id, status, instruction }) =>
        `  ${status.padEnd(12)} ${id}${instruction === undefined ? '' : `: ${instruction}`}`,
    ),
    ...orders.flatMap((order) => {
      if (order === named) return []
      const { state, summary } = orderProgress(order)
      return [`replaced by ${printable(order.orderNumber ?? '(no number)')}: ${state}, ${printable(summary)}`]
    }),
  ].join('\n')
}
