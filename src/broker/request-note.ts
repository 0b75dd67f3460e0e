import { areHeld, type Claim, type Wish } from '../ledger/claim.ts'
import type { Fact, HostRequest } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { hostRequest } from './host-request.ts'
import type { JudgedRequest } from './judge-request.ts'
import type { KnownOrder } from './order-state.ts'
import { brokerRun, otherHost } from './owners.ts'

/**
 * What the ledger is to have of a request before anything is ordered for it: what is asked for, and that the key is this host's. Said
 * once, in one step with the first claim that is taken for the request, or in one of its own. Every method throws EnrollError
 * `broker.other-host`.
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
    if (!this.#isSaid) await this.#take([])
    this.#isSaid = true
  }

  /** Takes a claim as `Ledger.claim` does. Where another run has it, nothing was said yet. */
  async sayWith(wish: Wish): Promise<Claim> {
    const [claim] = await this.#take([wish])
    if (claim === undefined) throw new Error('a claim was answered with none')
    if (claim.run === wish.run) this.#isSaid = true
    return claim
  }

  async #take(more: readonly Wish[]): Promise<readonly Claim[]> {
    const [wishes, facts] = this.#isSaid ? [[], []] : [this.#wishes, this.#facts]
    const claims = await this.#ledger.take([...wishes, ...more], facts)
    if (!areHeld(wishes, claims)) throw otherHost()
    return claims.slice(wishes.length)
  }
}
