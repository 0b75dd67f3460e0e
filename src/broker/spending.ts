import { EnrollError } from '../errors.ts'
import type { Claim, Wish } from '../ledger/claim.ts'
import { type OrderStatus, orderClaim, type RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { OrderLimits } from './broker-settings.ts'

/** One order that is to be counted against a host's limits. */
export interface Spending {
  readonly host: string
  /** What the order claims: asked for again in the same month before it was sent, it counts once. */
  readonly claim: string
  readonly test: boolean
  /** Hundredths; undefined where nobody knows. */
  readonly expected: number | undefined
  /** What the ledger has of orders for the same key. */
  readonly before: readonly RecordedFact<'order'>[]
  /** By the ledger's clock. */
  readonly now: number
}

/** Whose order it was, when, and what it was expected to cost. */
type Counted = Pick<Claim, 'run' | 'time' | 'intent'>
const countedOf = ({ run, time, intent }: Claim): Counted => ({ run, time, intent })

/** More orders of one host in a month are not counted; nor placed, where a limit is set. */
const MOST = 100_000

/** Milliseconds: how far back a clock is set without that an order counts for the month before. */
const SET_BACK = 2 * 86_400_000

/**
 * Counts a host's orders of a month as claims with numbers: each takes the next one, in one step, whichever broker it goes through, so
 * that the sum which it was allowed by cannot have changed when it has the number. What was counted stays counted, whatever became of the
 * order. Rehearsals count apart. Days and months are those of the ledger, whose clock dates the claims; one that was set back does not
 * bring back a day that has begun.
 */
export class SpendingLog {
  readonly #ledger: Ledger
  /** What was read of claims, which never change; no more than is counted, since a month may have many. */
  readonly #read = new Map<string, Counted[]>()
  /** Logs that were once read whole. */
  readonly #toTheEnd = new Set<string>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** `take`: takes a number, as `Ledger.claim` does. Throws EnrollError `broker.limit`, and what `take` throws. */
  async count(spending: Spending, limits: OrderLimits, take: (wish: Wish) => Promise<Claim>): Promise<void> {
    if (Object.keys(limits).length === 0) return
    const asked = orderOf(spending)
    const { now } = spending
    const log = await this.#logOf(spending)
    const entries = this.#read.get(log) ?? []
    this.#read.set(log, entries)
    while (entries.length < MOST) {
      if (entries.some(({ run }) => run === asked)) return
      const index = entries.length
      const name = entryOf(log, index)
      const limit = limitBeyond(entries, spending, limits, isoTime(now))
      // Who has read to the end takes the next one, or is answered who has. Beyond a limit there may still be this order, counted before.
      const known = limit === undefined && this.#toTheEnd.has(log) ? undefined : await this.#ledger.claimOf(name)
      if (known === undefined) {
        this.#toTheEnd.add(log)
        if (limit !== undefined) throw beyond(spending, limit)
      }
      const taken = known ?? (await take({ name, run: asked, intent: String(spending.expected ?? UNKNOWN) }))
      // Another request of this process may have read it meanwhile.
      if (entries.length === index) entries.push(countedOf(taken))
    }
    throw beyond(spending, `${MOST} orders in a month`)
  }

  /** Of this month, or of the next one where that has begun. */
  async #logOf({ host, test, now }: Spending): Promise<string> {
    const [log, next] = [now, now + SET_BACK].map((time) =>
      orderClaim(`spent-${host}-${isoTime(time).slice(0, 7)}`, test),
    ) as [string, string]
    return next !== log && (await this.#ledger.claimOf(entryOf(next, 0))) !== undefined ? next : log
  }
}

/** A key that is ordered for again, after an order that came to nothing, is another order: that one was sent, too. */
function orderOf({ claim, before }: Spending): string {
  const sent = new Set(before.filter(({ status }) => CAME_TO_NOTHING.includes(status)).map(({ run }) => run)).size
  return sent === 0 ? claim : `${claim}.${sent + 1}`
}

/** What was sent, and is over. */
const CAME_TO_NOTHING: readonly OrderStatus[] = ['rejected', 'order-rejected', 'not-placed', 'abandoned']

const UNKNOWN = 'unknown'

const entryOf = (log: string, index: number): string => `${log}.${index + 1}`
const isoTime = (time: number): string => new Date(time).toISOString()

/** The limit that one more order would exceed. */
function limitBeyond(
  entries: readonly Counted[],
  spending: Spending,
  limits: OrderLimits,
  now: string,
): string | undefined {
  const { perDay, perMonth, amountPerMonth } = limits
  // Also what a clock that was ahead has dated later: it must not end the counting until its day comes.
  const today = entries.filter(({ time }) => time.slice(0, 10) >= now.slice(0, 10)).length
  if (perDay !== undefined && today >= perDay) return `${perDay} orders a day`
  if (perMonth !== undefined && entries.length >= perMonth) return `${perMonth} orders a month`
  if (amountPerMonth === undefined || spending.test) return undefined
  const before = entries.reduce((total, { intent }) => total + Number(intent), 0)
  const sum = before + (spending.expected ?? Number.NaN)
  // A price that nobody knows (NaN) is within no limit.
  if (sum <= amountPerMonth) return undefined
  const why = spending.expected === undefined ? UNPRICED : Number.isNaN(before) ? UNPRICED_BEFORE : ''
  return `${(amountPerMonth / 100).toFixed(2)} a month${why}`
}

const UNPRICED = ', and what the order costs is not known'
const UNPRICED_BEFORE = ', and an order of this month has no known price'

const beyond = ({ host }: Spending, limit: string): EnrollError =>
  new EnrollError('broker.limit', `The broker refused the request: ${host} may not go beyond ${limit}.`, {
    remedy: 'Wait for the next day or month, or raise the limit in the broker’s file (and set assumedPrice there).',
  })
