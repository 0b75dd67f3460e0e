import type { Balance } from './certificate-authority.ts'

/** What is known when an order's outcome is not. Amounts as the CA writes them. */
export interface UnknownOrderFacts {
  /** Read before the order was sent. */
  readonly before?: Balance
  /** Read now. */
  readonly after?: Balance
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
  if (spent === 0n) {
    return weak(
      'not-placed',
      'nothing was debited since; an account whose customers pay Sectigo is never debited, though',
    )
  }
  if (spent < 0n) return weak('undecided', 'credit was added since')
  const price = facts.price === undefined ? undefined : cents(facts.price)
  const amount = `${spent / 100n}.${String(spent % 100n).padStart(2, '0')} ${after?.currency ?? ''}`.trim()
  if (price === undefined) return weak('placed', `${amount} was debited since`)
  if (spent === price) return weak('placed', `exactly the price, ${amount}, was debited since`)
  return spent > price
    ? weak('undecided', `${amount} was debited since, more than the price: others use the account too`)
    : weak('not-placed', `${amount} was debited since, less than the price`)
}

const weak = (verdict: UnknownOrderVerdict['verdict'], reason: string): UnknownOrderVerdict => ({
  verdict,
  confidence: 'weak',
  reason,
  remedy: LOOK,
})

/** Hundredths; undefined where the two are not of one account and currency. */
function difference(before: Balance, after: Balance): bigint | undefined {
  if (before.accountId !== after.accountId || before.currency !== after.currency) return undefined
  const [then, now] = [cents(before.amount), cents(after.amount)]
  return then === undefined || now === undefined ? undefined : then - now
}

function cents(text: string): bigint | undefined {
  const match = /^(-?)(\d{1,12})(?:[.,](\d{1,4}))?$/.exec(text)
  if (match === null) return undefined
  const fraction = (match[3] ?? '').padEnd(2, '0')
  if (/[^0]/.test(fraction.slice(2))) return undefined
  const value = BigInt(match[2] ?? '0') * 100n + BigInt(fraction.slice(0, 2))
  return match[1] === '-' ? -value : value
}
