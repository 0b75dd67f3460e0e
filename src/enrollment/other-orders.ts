import type { Claim } from '../ledger/claim.ts'
import type { RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { amountOf, cents, type OtherOrders } from '../sectigo/resolve-unknown.ts'

/** Milliseconds before it had been read in which the CA may have looked at the balance: the question has a time-out, and is asked again. */
const BEFORE = 600_000

/**
 * What other runs have ordered from the account of a run since it read the balance before its order, by the ledger; undefined where the
 * ledger does not have that order. `until`: when the balance was asked for again. `readBy`: when it had been read before, where that was
 * not right before the intent. Milliseconds of the ledger's clock. Throws as the ledger.
 */
export async function otherOrders(
  { id, ledger }: { readonly id: string; readonly ledger: Ledger },
  until: number,
  readBy?: number,
): Promise<OtherOrders | undefined> {
  const own = (await ledger.saidBy(id)).findLast(
    (fact): fact is RecordedFact<'order'> => fact.kind === 'order' && fact.status === 'intended',
  )
  if (own === undefined) return undefined
  const since = readBy ?? Date.parse(own.time)
  const subjects: string[] = []
  for await (const last of ledger.all('order')) {
    const concerns = last.endpoint === own.endpoint && !last.test
    if (concerns && (isOpen(last) || Date.parse(last.time) >= since - BEFORE)) subjects.push(last.subject)
  }
  const known = await ledger.look({ facts: subjects.map((subject) => ['order', subject]), claims: subjects })
  // An order of several keys is said of each of them.
  const orders = new Map<string, Order>()
  for (const subject of subjects)
    for (const order of ordersIn(known.history('order', subject), known.claimOf(subject)))
      if (order.run !== id) orders.set(`${order.run} ${order.intent}`, order)

  let charged = 0n
  const around: string[] = []
  let [open, paidBack] = [0, 0]
  for (const { begun, ended, amount, state, rejected } of orders.values()) {
    if (rejected !== undefined && rejected >= since - BEFORE) paidBack++
    // Its debit was there when the balance was read before.
    if (state === 'none' || (ended !== undefined && ended < since - BEFORE)) continue
    const price = cents(amount ?? '')
    if (state === 'open' || ended === undefined || price === undefined) open++
    else if (begun > since && ended <= until) charged += price
    else around.push(amountOf(price))
  }
  return { charged: amountOf(charged), around, open, paidBack }
}

const isOpen = ({ status }: RecordedFact<'order'>): boolean => status === 'intended' || status === 'unknown'

/** One order of a run, as far as the ledger knows. Times in milliseconds. */
interface Order {
  readonly run: string
  /** Hash of the journal entry that meant it. */
  readonly intent: string
  readonly begun: number
  /** When the answer was there, or it was known that there is none: a debit is not later. */
  readonly ended?: number
  readonly state: 'ordered' | 'open' | 'none'
  readonly amount?: string
  /** When the CA was heard to have rejected it after all. */
  readonly rejected?: number
}

/** The orders in the history of a key, each from its intent to the last that its run has said of it. */
function ordersIn(history: readonly RecordedFact<'order'>[], claim: Claim | undefined): readonly Order[] {
  const orders: Order[] = []
  for (const fact of history) {
    const { run, status, entry = '', amount } = fact
    const time = Date.parse(fact.time)
    if (status === 'intended') {
      orders.push({ run, intent: entry, begun: time, state: 'open' })
      continue
    }
    const at = orders.findLastIndex((order) => order.run === run)
    const order = orders[at]
    if (order === undefined) continue
    orders[at] = {
      ...order,
      ended: order.ended ?? time,
      ...(amount === undefined ? {} : { amount }),
      state: stateAfter(order, fact, claim),
      ...(status === 'order-rejected' ? { rejected: time } : {}),
    }
  }
  return orders
}

function stateAfter(
  { state }: Order,
  { status, run }: RecordedFact<'order'>,
  claim: Claim | undefined,
): Order['state'] {
  switch (status) {
    case 'ordered':
    case 'order-rejected':
      return 'ordered'
    case 'not-sent':
    case 'not-placed':
      return 'none'
    case 'rejected':
      // A refusal that may hide an order leaves the key with the run.
      return claim?.run === run ? 'open' : 'none'
    case 'unknown':
    case 'intended':
      return 'open'
    case 'abandoned':
      return state
  }
}
