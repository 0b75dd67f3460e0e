import { giveBack } from '../enrollment/order-claims.ts'
import { areHeld, type Claim, type Wish } from '../ledger/claim.ts'
import type { Fact, HostRequest } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { hostRequest } from './host-request.ts'
import type { JudgedRequest } from './judge-request.ts'
import type { KnownOrder } from './order-state.ts'
import { brokerRun, otherHost } from './owners.ts'
import type { Counting } from './spending.ts'

/**
 * What the ledger is to have of a request before anything is ordered for it: what is asked for, and that the key is this host's. Said
 * once, in one step with what its order takes, or before. Every method throws EnrollError `broker.other-host`.
 */
export class RequestNote {
  readonly request: HostRequest
  readonly #ledger: Ledger
  readonly #wishes: readonly Wish[]
  readonly #facts: readonly Fact[]
  #isSaid: boolean

  /** `known`: what the ledger has, which may say it already. `wishes`: what makes the key this host's, where nobody has it. */
  constructor(
    ledger: Ledger,
    host: string,
    judged: JudgedRequest,
    expected: number | undefined,
    known: KnownOrder | undefined,
    wishes: readonly Wish[],
  ) {
    const last = known?.request
    const isKnown = last?.attempt === judged.request.attempt && last.formSha256 === judged.formSha256
    this.request = isKnown ? last : hostRequest(host, judged, expected, known)
    this.#ledger = ledger
    this.#wishes = wishes
    this.#facts = isKnown ? [] : [{ kind: 'request', subject: judged.claim, run: brokerRun(host), ...this.request }]
    this.#isSaid = this.#wishes.length + this.#facts.length === 0
  }

  async say(): Promise<void> {
    if (this.#isSaid) return
    const claims = await this.#ledger.take(this.#wishes, this.#facts)
    if (!areHeld(this.#wishes, claims)) throw otherHost()
    this.#isSaid = true
  }

  /**
   * Takes what a run wants before it orders, as `Ledger.take` does, in one step with this and with the number that counts the order. Where
   * another order has the number, all of it is asked for again with the next one. Whoever this throws for holds nothing. Throws EnrollError
   * `broker.limit`, too.
   */
  async sayWith(counting: Counting, wishes: readonly Wish[], facts: readonly Fact[]): Promise<readonly Claim[]> {
    let claims: readonly Claim[] = []
    try {
      for (;;) {
        const number = await counting.next()
        const [own, said] = this.#isSaid ? [[], []] : [this.#wishes, this.#facts]
        // The claim by which it may be sent comes last, and says the intent right after it: a process may die between the two.
        const all = [...own, ...(number === undefined ? [] : [number]), ...wishes]
        const taken = await this.#ledger.take(all, [...said, ...facts])
        claims = taken.slice(all.length - wishes.length)
        if (!areHeld(own, taken)) throw otherHost()
        const counted = number === undefined ? undefined : taken[own.length]
        if (counted !== undefined) counting.learn(counted)
        this.#isSaid ||= areHeld(all, taken)
        if (counted?.run === number?.run || !areHeld(wishes, claims)) return claims
      }
    } catch (error) {
      // What the ledger does not take back now is taken back when the order is settled.
      await giveBack(this.#ledger, wishes, claims).catch(() => undefined)
      throw error
    }
  }
}
