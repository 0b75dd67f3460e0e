import { askedTogether } from '../asked-together.ts'
import type { BalanceReading } from '../enrollment/order-once.ts'

/**
 * Milliseconds since a reading began in which further orders may go by it, as long as a slow answer takes: what moves the balance
 * meanwhile and is in no ledger (credit, an order on the web site) could as well have come while an order waited for a reading of its own.
 */
const FRESH = 1000

/** What the balance was before orders. Those of one moment share a reading, which says by when it had been read. */
export class BalanceReadings {
  readonly #ask: () => Promise<BalanceReading>
  #last: { readonly reading: BalanceReading; readonly begun: number } | undefined

  /** `ask`: asks the CA. */
  constructor(ask: () => Promise<BalanceReading>) {
    this.#ask = ask
  }

  /** Undefined where the CA has to be asked. */
  atHand(): BalanceReading | undefined {
    return this.#last !== undefined && performance.now() - this.#last.begun <= FRESH ? this.#last.reading : undefined
  }

  /** Asks the CA, or waits for the answer to a question that is under way. Throws as the CA does. */
  readonly read = askedTogether(async () => {
    const begun = performance.now()
    const reading = await this.#ask()
    // Of one whose time is not known nobody could say later what was charged since.
    if (reading.readBy !== undefined) this.#last = { reading, begun }
    return reading
  })
}
