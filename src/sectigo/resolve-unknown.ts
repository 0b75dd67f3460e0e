import type { Balance } from './certificate-authority.ts'

/** What else may have moved the balance between its two readings: orders that others have placed from the account. */
export interface OtherOrders {
  /** Charged between the readings, all together: "38.00". */
  readonly charged: string
  /** What was charged about the time of a reading: before it or after it, nobody knows. One amount each. */
  readonly around: readonly string[]
  /** Orders of which it is not known whether they were placed, or what they cost. */
  readonly open: number
  /** Orders that the CA rejected after it had accepted them, and may have paid back. */
  readonly paidBack: number
}

/** What is known when an order's outcome is not. Amounts as the CA writes them. */
export interface UnknownOrderFacts {
  /** Read before the order was sent. */
  readonly before?: Balance
  /** Read now. */
  readonly after?: Balance
  readonly others?: OtherOrders
  /** What the order costs, where it is known. */
  readonly price?: string
  /** `test=Y`: nothing is debited. */
  readonly test?: boolean
  /** Debited by `!AutoAuthorize` only. */
  readonly toAuthorize?: boolean
  /** An order number that an operator found, and what `!GetDetailedOrderStatus` says of it. */
  readonly status?: { readonly orderNumber: string; readonly found: boolean }
}

export interface UnknownOrderVerdict {
  readonly verdict: 'placed' | 'not-placed' | 'undecided'
  /** `strong`: the run may go on by itself. `weak`: an operator must say so. */
  readonly confidence: 'strong' | 'weak'
  /** Something was debited that may be this order: "not placed" needs a person's second thought. */
  readonly speaksAgainst?: true
  readonly reason: string
  readonly remedy: string
}

const LOOK =
  'Look for the order on the web site by organization name and time; then `hsm-enroll runs resolve RUN --order-number N` or `--not-placed`.'

/**
 * Weighs the evidence; it never sends anything. Only an order number that the CA confirms is strong: the balance is shared
 * by everybody who uses the account, and an account whose customers pay Sectigo is never debited.
 */
export function resolveUnknown(facts: UnknownOrderFacts): UnknownOrderVerdict {
  const { status, before, after } = facts
  if (status?.found === true) {
    return {
      verdict: 'placed',
      confidence: 'strong',
      reason: `Sectigo knows the order ${status.orderNumber}`,
      remedy: 'Compare organization and time with the run, then go on with this number.',
    }
  }
  if (status !== undefined) return weak('undecided', `Sectigo does not know the order ${status.orderNumber}`)
  if (facts.test === true) return weak('undecided', 'a test order is never debited, so the balance says nothing')
  if (facts.toAuthorize === true)
    return weak('undecided', 'such an order is debited when it is authorized, so the balance says nothing')
  const spent = before === undefined || after === undefined ? undefined : difference(before, after)
  if (spent === undefined) return weak('undecided', 'there are no two comparable balances')
  if (spent < 0n) return weak('undecided', 'credit was added since')
  const { others } = facts
  const price = facts.price === undefined ? undefined : cents(facts.price)
  if (others === undefined) return ofRest(spent, price, '', after?.currency)
  if (others.paidBack > 0) return weak('undecided', 'another order was rejected since, and may have been paid back')
  const rests = restsOf(spent, others)
  if (rests === undefined) return weak('undecided', 'too many other orders were charged at the same time')
  const verdicts = rests.map((rest) =>
    rest > 0n && others.open > 0
      ? weak(
          'undecided',
          `${inWords(rest, after?.currency)} was debited since, and the outcome of other orders is open`,
        )
      : ofRest(rest, price, rest === spent ? '' : BESIDE, after?.currency),
  )
  const [first] = verdicts
  if (first === undefined) return weak('undecided', 'less was debited since than other orders cost')
  if (verdicts.every(({ verdict }) => verdict === first.verdict)) return first
  return against('undecided', 'another order was charged about when the balance was read: before it, or after it')
}

const BESIDE = ' beside what other orders cost'

/** What the debit of `rest` hundredths says, which no other order accounts for. */
function ofRest(
  rest: bigint,
  price: bigint | undefined,
  beside: string,
  currency: string | undefined,
): UnknownOrderVerdict {
  if (rest === 0n) {
    return weak(
      'not-placed',
      `nothing was debited since${beside}; an account whose customers pay Sectigo is never debited, though`,
    )
  }
  const amount = inWords(rest, currency)
  if (price === undefined) return against('placed', `${amount} was debited since${beside}`)
  if (rest === price) return against('placed', `exactly the price, ${amount}, was debited since${beside}`)
  return rest > price
    ? weak('undecided', `${amount} was debited since${beside}, more than the price: others use the account too`)
    : weak('not-placed', `${amount} was debited since${beside}, less than the price`)
}

/** More amounts about the time of a reading say nothing: 2^12 sums. */
const MOST_AROUND = 12

/** What may be left of a debit without that of other orders, each possibility once, largest first; undefined where there are too many. */
function restsOf(spent: bigint, { charged, around }: OtherOrders): readonly bigint[] | undefined {
  const amounts = around.map(cents)
  const known = cents(charged)
  if (amounts.length > MOST_AROUND || known === undefined) return undefined
  let rests = new Set([spent - known])
  for (const amount of amounts) {
    if (amount === undefined) return undefined
    rests = new Set([...rests, ...[...rests].map((rest) => rest - amount)])
  }
  return [...rests].filter((rest) => rest >= 0n)
}

const inWords = (amount: bigint, currency = ''): string => `${amountOf(amount)} ${currency}`.trim()

/** "19.00" */
export const amountOf = (hundredths: bigint): string =>
  `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, '0')}`

const weak = (verdict: UnknownOrderVerdict['verdict'], reason: string): UnknownOrderVerdict => ({
  verdict,
  confidence: 'weak',
  reason,
  remedy: LOOK,
})

const against = (verdict: 'placed' | 'undecided', reason: string): UnknownOrderVerdict => ({
  ...weak(verdict, reason),
  speaksAgainst: true,
})

/** Hundredths; undefined where the two are not of one account and currency. */
function difference(before: Balance, after: Balance): bigint | undefined {
  if (before.accountId !== after.accountId || before.currency !== after.currency) return undefined
  const [then, now] = [cents(before.amount), cents(after.amount)]
  return then === undefined || now === undefined ? undefined : then - now
}

/** Hundredths of "19", "19.00" or "19,0000"; undefined where it is not such an amount. */
export function cents(text: string): bigint | undefined {
  const match = /^(-?)(\d{1,12})(?:[.,](\d{1,4}))?$/.exec(text)
  if (match === null) return undefined
  const fraction = (match[3] ?? '').padEnd(2, '0')
  if (/[^0]/.test(fraction.slice(2))) return undefined
  const value = BigInt(match[2] ?? '0') * 100n + BigInt(fraction.slice(0, 2))
  return match[1] === '-' ? -value : value
}
