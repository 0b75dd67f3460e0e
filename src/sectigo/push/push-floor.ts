import type { PushNotification } from './push-notification.ts'

/** How many orders are remembered at a time; a flood of invented ones makes room for itself alone. */
const MAX_ORDERS = 1000

/** What a push led to: it was passed on, or one like it will be when the pause is over. */
export type PushTurn = 'passed' | 'later'

/**
 * Passes on the first push of an order, and of all that come within the pause after it the last, when the pause is over: a flood asks the
 * CA no more often than that, and the last word is never lost. A push that carries certificates is passed on at once.
 */
export class PushFloor {
  readonly #pass: (push: PushNotification) => Promise<number>
  readonly #orders = new Map<string, { readonly timer: NodeJS.Timeout; last?: PushNotification }>()

  /** `pass` resolves to the pause of that order from now on, in milliseconds; 0 for none. */
  constructor(pass: (push: PushNotification) => Promise<number>) {
    this.#pass = pass
  }

  async take(push: PushNotification): Promise<PushTurn> {
    const { orderNumber, certificates = [] } = push
    const order = this.#orders.get(orderNumber)
    if (order !== undefined && certificates.length === 0) {
      order.last = push
      return 'later'
    }
    const pause = await this.#pass(push)
    if (pause > 0 && !this.#orders.has(orderNumber) && this.#orders.size < MAX_ORDERS) {
      const timer = setTimeout(() => void this.#over(orderNumber), pause)
      this.#orders.set(orderNumber, { timer })
    }
    return 'passed'
  }

  /** What still waits is passed on now. */
  async end(): Promise<void> {
    const waiting = [...this.#orders.values()]
    this.#orders.clear()
    for (const { timer, last } of waiting) {
      clearTimeout(timer)
      if (last !== undefined) await this.#pass(last)
    }
  }

  async #over(orderNumber: string): Promise<void> {
    const last = this.#orders.get(orderNumber)?.last
    this.#orders.delete(orderNumber)
    if (last !== undefined) await this.take(last)
  }
}
