import type { BrokeredOrder, BrokeredState } from '../broker-client/messages.ts'
import type { Answers, Questions } from '../ledger/answers.ts'
import type { Fact, HostRequest, OrderStatus, RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { AUTO_APPLY_ORDER_ERRORS } from '../sectigo/errors/auto-apply-order.ts'
import { explainRefusal } from '../sectigo/errors/error-table.ts'

/** What there is to say of an order. */
export interface SaidOrder {
  readonly claim: string
  readonly request: HostRequest
  readonly order?: Fact<'order'> & { readonly time?: string }
  readonly delivery?: Fact<'delivery'>
}

/** What the ledger says of the order that a host asked for: all that any broker goes by. */
export interface KnownOrder extends SaidOrder {
  readonly request: RecordedFact<'request'>
  readonly order?: RecordedFact<'order'>
  /** By the ledger's clock, when it was asked. */
  readonly now: number
}

/** What is asked of the ledger about an order. */
export const orderQuestions = (claim: string): Questions => ({
  facts: [
    ['request', claim],
    ['order', claim],
    ['delivery', claim],
  ],
  claims: [claim],
})

/** Undefined where no host has asked for it. Throws EnrollError `ledger.damaged`. */
export const knownOrder = async (ledger: Ledger, claim: string): Promise<KnownOrder | undefined> =>
  orderIn(await ledger.look(orderQuestions(claim)), claim)

/** The same of what the ledger has answered. */
export function orderIn(answers: Answers, claim: string): KnownOrder | undefined {
  const request = answers.last('request', claim)
  if (request === undefined) return undefined
  const order = orderOf(answers, claim, request.after)
  const delivery = answers.last('delivery', claim)
  return {
    claim,
    request,
    now: answers.now,
    ...(order === undefined ? {} : { order }),
    // Of an order that was placed again, what was issued before is not it.
    ...(order === undefined || delivery?.orderNumber !== order.orderNumber ? {} : { delivery }),
  }
}

/** What a request says that it comes after. */
export const markOf = ({ entry, time = '' }: NonNullable<SaidOrder['order']>): string => entry ?? time

/**
 * Where two brokers meant to order for a key at once, what counts is the word of the run that holds the claim. Where none does, nothing
 * is under way: then the last word, but for that of a run that sent nothing, which may have come second.
 */
function orderOf(answers: Answers, claim: string, after: string | undefined): RecordedFact<'order'> | undefined {
  const holder = answers.claimOf(claim)
  const all = answers.history('order', claim)
  const held = all.findLast(({ run }) => run === holder?.run)
  if (held !== undefined) return held
  const since = all.slice(all.findLastIndex((fact) => markOf(fact) === after) + 1)
  const last = since.filter(({ run }, index) => since.findLastIndex((fact) => fact.run === run) === index)
  return last.findLast(({ status }) => status !== 'not-sent') ?? last.at(-1)
}

const STATES: Readonly<Record<OrderStatus, BrokeredState>> = {
  intended: 'ordering',
  ordered: 'ordered',
  rejected: 'refused',
  'not-sent': 'none',
  'not-placed': 'none',
  unknown: 'unknown',
  'order-rejected': 'rejected',
  abandoned: 'rejected',
}

/** How far it is. */
export function stateOf({ request, order, delivery }: SaidOrder): BrokeredState {
  if (order !== undefined && markOf(order) !== request.after) {
    if (order.status === 'rejected' && isDoubtful(order)) return 'unknown'
    return delivery === undefined ? STATES[order.status] : 'issued'
  }
  switch (request.status) {
    case 'awaiting-approval':
    case 'declined':
      return request.status
    case 'received':
    case 'approved':
      return 'none'
  }
}

/** Milliseconds from a request to its intent: between them the CA is asked for the balance, which may take its three minutes. */
export const PLACING = 300_000

/** Nothing was sent yet, and whoever took the request may be about to. */
export const isBeingPlaced = ({ request, order, now }: KnownOrder): boolean =>
  (request.status === 'received' || request.status === 'approved') &&
  (order === undefined || markOf(order) === request.after) &&
  now - Date.parse(request.time) < PLACING

/** The CA failed while it answered: it may have the order. */
const isDoubtful = ({ refusal }: Fact<'order'>): boolean =>
  refusal === undefined || explainRefusal(AUTO_APPLY_ORDER_ERRORS, refusal.code, refusal.message).doubtful === true

/** Is it known that there is no order at the CA? */
export const mayOrderAgain = (state: BrokeredState): boolean =>
  state === 'none' ||
  state === 'refused' ||
  state === 'rejected' ||
  state === 'declined' ||
  state === 'awaiting-approval'

/** As the host is told. */
export function orderView(known: SaidOrder, more: Partial<BrokeredOrder> = {}): BrokeredOrder {
  const { claim, request, order, delivery } = known
  const state = stateOf(known)
  const placed = state === 'ordered' || state === 'issued' || state === 'rejected'
  return {
    spkiSha256: claim.slice(0, 64),
    test: request.test,
    host: request.host,
    state,
    attempt: request.attempt,
    ...(placed && order?.orderNumber !== undefined ? { orderNumber: order.orderNumber } : {}),
    ...(placed && order?.amount !== undefined ? { amount: order.amount } : {}),
    ...(state === 'refused' && order?.refusal !== undefined ? { refusal: order.refusal } : {}),
    ...(state === 'awaiting-approval' || state === 'declined' ? { rules: request.rules ?? [] } : {}),
    ...(state === 'declined' ? { reason: `${request.by}: ${request.reason ?? 'declined'}` } : {}),
    ...(state === 'issued' && delivery !== undefined ? { certificates: delivery.certificates } : {}),
    ...more,
  }
}
