import type { CounterBook } from './counters.ts'
import type { IssuingCa } from './issuing-ca.ts'
import type { Ledger } from './ledger.ts'
import type { Order, OrderBook } from './order-book.ts'
import type { AttestationRules } from './verify-key-attestation.ts'

/** The account that the rehearsal knows. Test values only. */
export interface Account {
  readonly loginName: string
  readonly loginPassword: string
  readonly accountId: string
  readonly currency: string
  /** May order with `test=Y`. */
  readonly testOrders: boolean
  /** May use the ordering API at all (-16). */
  readonly apiEnabled: boolean
  /** May say that it validated the applicant itself (-91). */
  readonly raPrivileges: boolean
  /** Sectigo takes the payment: orders answer with status 1 and are not debited. */
  readonly paymentRequired: boolean
  /** Takes foreignOrderNumber and checkFONsUnique, which the Document Signing page does not list. */
  readonly foreignOrderNumber: boolean
}

/** What the endpoints share. */
export interface Rehearsal {
  readonly account: Account
  readonly ledger: Ledger
  readonly orders: OrderBook
  readonly counters: CounterBook
  /** Signs orders, and orders with `test=Y`. */
  readonly issuing: { readonly regular: IssuingCa; readonly test: IssuingCa }
  readonly attestation: AttestationRules
  readonly compromisedKeys: ReadonlySet<string>
  /** Hundredths of the currency by product code. */
  readonly prices: Readonly<Record<string, number>>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Called when an order exists and when it has been authorized: runs the flow. */
  readonly placed: (order: Order) => void
}

export interface EndpointReply {
  readonly status?: number
  readonly contentType: string
  readonly body: string | Uint8Array
  readonly location?: string
}

export interface Endpoint {
  readonly path: string
  /** The documents let `!PlaceOrder` be called with GET; the others answer -17. */
  readonly get?: true
  /** May not be called twice at a time. */
  readonly exclusive?: true
  /** Counts every request as an order form: the ones that move money. */
  readonly costs?: true
  handle(form: ReadonlyMap<string, string>, rehearsal: Rehearsal): Promise<EndpointReply> | EndpointReply
  /** How a refusal is written. */
  refuse(form: ReadonlyMap<string, string>, refusal: { code: number; message: string; item?: string }): EndpointReply
}

export const TEXT = 'text/plain'
const URL_ENCODED = 'application/x-www-form-urlencoded'

export const lines = (...values: readonly (string | number)[]): EndpointReply => ({
  contentType: TEXT,
  body: values.join('\n'),
})

export const urlEncoded = (values: Readonly<Record<string, string | number>>): EndpointReply => ({
  contentType: URL_ENCODED,
  body: new URLSearchParams(
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)])),
  ).toString(),
})

/** Reads a parameter without regard to case. */
export function parameter(form: ReadonlyMap<string, string>, name: string): string | undefined {
  const lower = name.toLowerCase()
  for (const [key, value] of form) if (key.toLowerCase() === lower && value !== '') return value
  return undefined
}

/** The two shapes of a refusal, by `responseFormat`. */
export const refuseAsAsked: Endpoint['refuse'] = (form, { code, message }) =>
  parameter(form, 'responseFormat') === '1' ? refuseUrlEncoded(form, { code, message }) : lines(code, message)

export const refuseUrlEncoded: Endpoint['refuse'] = (_, { code, message }) =>
  urlEncoded({ errorCode: code, errorMessage: message })
