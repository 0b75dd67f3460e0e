import { createHash } from 'node:crypto'

/** What the CA saw: the witness that no order was sent twice and that the polling floors were kept. */
export interface Counters {
  /** Requests per endpoint. */
  readonly requests: Readonly<Record<string, number>>
  /** POSTs of one order form (without the login), by SHA-256 of its sorted parameters. */
  readonly orderForms: Readonly<Record<string, number>>
  readonly ordersPlaced: number
  /** Collection calls that came before three hours had passed, and while another was under way. */
  readonly collectedTooSoon: number
  readonly collectedConcurrently: number
}

export class CounterBook {
  readonly #requests = new Map<string, number>()
  readonly #orderForms = new Map<string, number>()
  ordersPlaced = 0
  collectedTooSoon = 0
  collectedConcurrently = 0

  countRequest(endpoint: string): void {
    this.#requests.set(endpoint, (this.#requests.get(endpoint) ?? 0) + 1)
  }

  countOrderForm(form: ReadonlyMap<string, string>): void {
    const digest = formDigest(form)
    this.#orderForms.set(digest, (this.#orderForms.get(digest) ?? 0) + 1)
  }

  snapshot(): Counters {
    return {
      requests: Object.fromEntries(this.#requests),
      orderForms: Object.fromEntries(this.#orderForms),
      ordersPlaced: this.ordersPlaced,
      collectedTooSoon: this.collectedTooSoon,
      collectedConcurrently: this.collectedConcurrently,
    }
  }
}

function formDigest(form: ReadonlyMap<string, string>): string {
  const entries = [...form]
    .filter(([name]) => !/^login(name|password)$/i.test(name))
    .map(([name, value]) => [name.toLowerCase(), value])
  return createHash('sha256').update(JSON.stringify(entries.sort())).digest('hex')
}
