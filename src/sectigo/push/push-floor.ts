import type { PushNotification } from './push-notification.ts'

/** How many orders are remembered at a time; a flood of invented ones makes room for itself alone. */
const MAX_ORDERS = 1000

/** Milliseconds until what could not be passed on is tried again. */
const AFTER_FAULT = 60_000

/** What a push led to: it was passed on, or one like it will be when the pause is over. */
export type PushTurn = 'passed' | 'later'

interface Order {
  /** Came while another one was passed on, or in the pause after it. */
  last?: PushNotification
  timer?: NodeJS.Timeout
}

export interface PushFloorOptions {
  /** Resolves to the pause of that order from now on, in milliseconds; 0 for none. */
  readonly pass: (push: PushNotification) => Promise<number>
  /** Hears why a push that had waited could not be passed on; it is tried again. */
  readonly onFault: (push: PushNotification, error: unknown) => void
}

/**
 * Passes on the first push of an order, and of all that come meanwhile and within the pause after it the last, when the pause is over: a
 * flood asks the CA no more often than that, and the last word is never lost. A push that carries certificates is passed on at once.
 */
export class PushFloor {
  readonly #options: PushFloorOptions
  readonly #orders = new Map<string, Order>()
  #ended = false

  constructor(options: PushFloorOptions) {
    this.#options = options
  }

  /** Throws what `pass` throws: whoever sent this push has to send it again. */
  async take(push: PushNotification): Promise<PushTurn> {
    const { orderNumber, certificates = [] } = push
    const known = this.#orders.get(orderNumber)
    if (known !== undefined && certificates.length === 0) {
      known.last = push
      return 'later'
    }
    const order: Order = {}
    // Before anything is awaited: a flood may come at one moment.
    if (known === undefined && this.#orders.size < MAX_ORDERS) this.#orders.set(orderNumber, order)
    try {
      this.#rest(orderNumber, order, await this.#options.pass(push))
    } catch (error) {
      this.#rest(orderNumber, order, order.last === undefined ? 0 : AFTER_FAULT)
      throw error
    }
    return 'passed'
  }

  /** What still waits is passed on now. */
  async end(): Promise<void> {
    this.#ended = true
    const waiting = [...this.#orders.values()]
    this.#orders.clear()
    for (const { timer, last } of waiting) {
      clearTimeout(timer)
      if (last === undefined) continue
      await this.#options.pass(last).catch((error: unknown) => this.#options.onFault(last, error))
    }
  }

  #rest(orderNumber: string, order: Order, pause: number): void {
    if (this.#orders.get(orderNumber) !== order) return
    if (pause === 0 && order.last === undefined) this.#orders.delete(orderNumber)
    else order.timer = setTimeout(() => void this.#over(orderNumber, order), pause)
  }

  /** Never rejects: nobody would hear it, and the process would end. */
  async #over(orderNumber: string, { last }: Order): Promise<void> {
    this.#orders.delete(orderNumber)
    if (last === undefined) return
    try {
      await this.take(last)
    } catch (error) {
      this.#options.onFault(last, error)
      // Its sender was told that it had arrived. A later one says more.
      if (this.#ended || this.#orders.has(orderNumber)) return
      const again: Order = { last }
      this.#orders.set(orderNumber, again)
      this.#rest(orderNumber, again, AFTER_FAULT)
    }
  }
}
