import { createHash } from 'node:crypto'
import { formatCents, type Ledger } from './ledger.ts'

/** -1 not required, 0 not completed, 1 completed, 2 in progress. */
export type StepState = -1 | 0 | 1 | 2
export type StepName = 'csr' | 'organizationValidation' | 'callback' | 'agreement' | 'dcv'

export type OrderState =
  | 'awaiting-authorization'
  | 'pending'
  | 'issued'
  | 'rejected'
  | 'revoked'
  | 'replaced'
  | 'failed'

export interface Order {
  readonly orderNumber: string
  readonly certificateId: string
  readonly products: readonly string[]
  readonly form: ReadonlyMap<string, string>
  /** Milliseconds since 1970. */
  readonly placedAt: number
  /** Hundredths of the account's currency. */
  readonly cost: number
  readonly test: boolean
  /** SubjectPublicKeyInfo, DER; absent where the order came without CSR (tokens, licences). */
  readonly spki?: Uint8Array
  state: OrderState
  reason?: string
  readonly steps: Record<StepName, StepState>
  /** DER, end entity first, once issued. */
  certificates?: readonly Uint8Array[]
  debited: boolean
  refunded: boolean
}

export interface NewOrder {
  readonly products: readonly string[]
  readonly form: ReadonlyMap<string, string>
  readonly placedAt: number
  readonly cost: number
  readonly test: boolean
  readonly spki?: Uint8Array
  readonly state: 'awaiting-authorization' | 'pending'
}

/** Every order of the rehearsal, by number. */
export class OrderBook {
  readonly #orders = new Map<string, Order>()
  readonly #tokens = new Set<string>()
  #next = 123_456_789

  place(order: NewOrder): Order {
    const orderNumber = String(this.#next++)
    const placed: Order = {
      ...order,
      orderNumber,
      certificateId: String(Number(orderNumber) + 800_000_000),
      steps: {
        csr: order.spki === undefined ? -1 : 1,
        organizationValidation: 0,
        callback: 0,
        agreement: 0,
        dcv: -1,
      },
      debited: false,
      refunded: false,
    }
    this.#orders.set(orderNumber, placed)
    return placed
  }

  find(orderNumber: string | undefined): Order | undefined {
    return orderNumber === undefined ? undefined : this.#orders.get(orderNumber)
  }

  findCertificate(certificateId: string | undefined): Order | undefined {
    return [...this.#orders.values()].find((order) => order.certificateId === certificateId)
  }

  get all(): readonly Order[] {
    return [...this.#orders.values()]
  }

  get latest(): Order | undefined {
    return this.all.at(-1)
  }

  /** False where this pair of CSR and uniqueValue was used before (-55). */
  useToken(csr: string, uniqueValue: string): boolean {
    const token = createHash('sha256')
      .update(`${csr.replace(/\s/g, '')}\n${uniqueValue}`)
      .digest('hex')
    if (this.#tokens.has(token)) return false
    this.#tokens.add(token)
    return true
  }
}

/** Takes the money; false where there is not enough. A test order costs nothing. */
export function debit(order: Order, ledger: Ledger): boolean {
  if (order.debited || order.test || order.cost === 0) return true
  if (!ledger.take(order.cost)) return false
  order.debited = true
  return true
}

export const costOf = (order: Order): string => formatCents(order.test ? 0 : order.cost)
