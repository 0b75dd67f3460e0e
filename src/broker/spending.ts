import { EnrollError } from '../errors.ts'
import type { Claim, Wish } from '../ledger/claim.ts'
import { type OrderStatus, orderClaim, type RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { once } from '../once.ts'
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
  /** Of `turningClaims`, what the ledger has. */
  readonly known: ReadonlyMap<string, Claim | undefined>
}

/** One order on its way to a number. */
export interface Counting {
  /**
   * The number that it is to take, as `Ledger.claim` does; undefined where it needs none: it was counted before, or nothing limits its
   * host. Throws EnrollError `broker.limit`.
   */
  readonly next: () => Promise<Wish | undefined>
  /** Who has a number, as whoever asked for it was answered. */
  readonly learn: (claim: Claim) => void
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

  counting(spending: Spending, limits: OrderLimits): Counting {
    const isLimited = Object.keys(limits).length > 0
    const log = once(() => this.#logOf(spending))
    return {
      next: async () => (isLimited ? this.#next(await log(), spending, limits) : undefined),
      learn: (claim) => this.#learn(claim),
    }
  }

  async #next(log: string, spending: Spending, limits: OrderLimits): Promise<Wish | undefined> {
    const asked = orderOf(spending)
    for (;;) {
      const entries = this.#read.get(log) ?? []
      if (entries.length >= MOST) throw beyond(spending, `${MOST} orders in a month`)
      if (entries.some(({ run }) => run === asked)) return undefined
      const wish = { name: entryOf(log, entries.length), run: asked, intent: String(spending.expected ?? UNKNOWN) }
      const limit = limitBeyond(entries, spending, limits, isoTime(spending.now))
      // Who has read to the end takes the next one, or is answered who has. Beyond a limit there may still be this order, counted before.
      if (limit === undefined && this.#toTheEnd.has(log)) return wish
      const known = await this.#ledger.claimOf(wish.name)
      if (known !== undefined) {
        this.#learn(known)
        continue
      }
      this.#toTheEnd.add(log)
      if (limit !== undefined) throw beyond(spending, limit)
      return wish
    }
  }

  #learn(claim: Claim): void {
    const end = claim.name.lastIndexOf('.')
    const log = claim.name.slice(0, end)
    const entries = this.#read.get(log) ?? []
    this.#read.set(log, entries)
    // Another request of this process may have read it meanwhile.
    if (entries.length === Number(claim.name.slice(end + 1)) - 1) entries.push(countedOf(claim))
  }

  /** Of this month, or of the next one where that has begun. */
  async #logOf({ host, test, now, known }: Spending): Promise<string> {
    const { log, next } = logsOf(host, test, now)
    if (next === log) return log
    const first = entryOf(next, 0)
    return (known.has(first) ? known.get(first) : await this.#ledger.claimOf(first)) === undefined ? log : next
  }
}

/**
 * Claims that say at the turn of a month whether the next one has begun: for whoever asks the ledger something else as well. `now`: about
 * the ledger's.
 */
export function turningClaims(host: string, test: boolean, now: number): readonly string[] {
  const { log, next } = logsOf(host, test, now)
  return next === log ? [] : [entryOf(next, 0)]
}

function logsOf(host: string, test: boolean, now: number): { readonly log: string; readonly next: string } {
  const logAt = (time: number): string => orderClaim(`spent-${host}-${isoTime(time).slice(0, 7)}`, test)
  return { log: logAt(now), next: logAt(now + SET_BACK) }
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
  const day = now.slice(0, 10)
  const today = entries.filter(({ time }) => time >= day).length
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
