import type { BrokeredOrder, OrderRequest } from '../broker-client/messages.ts'
import { ledgerTime } from '../enrollment/log-balance.ts'
import { openLedger } from '../enrollment/open-ledger.ts'
import { RunFolder } from '../enrollment/run-folder.ts'
import { EnrollError } from '../errors.ts'
import { LinkedLocks } from '../files/linked-locks.ts'
import type { Claim } from '../ledger/claim.ts'
import type { HostRequest, RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { once } from '../once.ts'
import { Acquaintances, type Decision, decide, decisionOn, rulesFor } from './approval.ts'
import { BalanceReadings } from './balance-readings.ts'
import type { BrokerHost, BrokerPerson } from './broker-settings.ts'
import type { DeskSetting } from './desk-setting.ts'
import { noteHost } from './fleet-status.ts'
import { followOrder, freeOver, settleOrder } from './follow-order.ts'
import {
  type AnchorsByFamily,
  type JudgedRequest,
  judgeRequest,
  keyOf,
  type RequestedKey,
  readAnchors,
} from './judge-request.ts'
import { KeyedQueue } from './keyed-queue.ts'
import {
  isBeingPlaced,
  type KnownOrder,
  knownOrder,
  mayOrderAgain,
  orderIn,
  orderQuestions,
  orderView,
  type SaidOrder,
  stateOf,
} from './order-state.ts'
import { brokerRun, otherHost, ownerClaim, ownerOf, ownerWish } from './owners.ts'
import { type Placed, placeOrder } from './place-order.ts'
import { expectedPrice, priceSubject } from './price.ts'
import { RequestNote } from './request-note.ts'
import { type Counting, SpendingLog, turningClaims } from './spending.ts'
import { takeBackUnsaid } from './unsaid-intents.ts'

/**
 * Takes orders of hosts. All that it knows is in the ledger: another desk over the same ledger may take the next request, and this one may
 * end at any moment. Every method throws EnrollError `ledger.damaged` beside what it says.
 */
export class OrderDesk {
  readonly #setting: DeskSetting
  readonly #spending: Promise<SpendingLog>
  readonly #acquaintances: Promise<Acquaintances>
  readonly ledger: Promise<Ledger>
  /** Of the profile, by family; as they were when this began, like the profile. */
  readonly trustAnchors: Promise<AnchorsByFamily>
  /** Requests for one key follow each other here; against other brokers the claims guard. */
  readonly #queue = new KeyedQueue()
  readonly #locks: LinkedLocks
  readonly #ca = once(() => this.#setting.services.certificateAuthority(this.#setting.configuration))
  readonly #balances = new BalanceReadings(async () => {
    const balance = await (await this.#ca()).balance()
    const time = await ledgerTime(await this.ledger)
    return { balance, ...(time === undefined ? {} : { readBy: new Date(time).toISOString() }) }
  })
  /** Orders of which the ledger may lack the outcome. */
  readonly #left = new Set<string>()
  /** Those of before this process are in it. */
  readonly #leftBefore = once(() => this.#findLeft())

  constructor(setting: DeskSetting) {
    this.#setting = setting
    this.#locks = new LinkedLocks(RunFolder.home(setting.services.stateDirectory))
    this.ledger = openLedger(setting.services)
    this.#spending = this.ledger.then((ledger) => new SpendingLog(ledger))
    this.#acquaintances = this.ledger.then((ledger) => new Acquaintances(ledger))
    this.trustAnchors = readAnchors(setting.configuration)
    // Whoever asks is told; nobody may ask.
    for (const asked of [this.#spending, this.#acquaintances, this.trustAnchors]) asked.catch(() => undefined)
  }

  /** For when no request is under way. */
  close(): Promise<void> {
    return this.#locks.close()
  }

  /** Can requests be taken? Throws what the ledger says. */
  async ready(): Promise<void> {
    await (await this.ledger).claimOf('ready')
  }

  /**
   * Orders for a host, or says what became of the order that it has. Throws EnrollError `broker.other-host`, `broker.limit`,
   * `broker.request`, `order.form`, `order.evidence`, and `ca.unreachable` where nothing was sent.
   */
  place(host: BrokerHost, request: OrderRequest): Promise<BrokeredOrder> {
    const key = keyOf(request)
    return this.#queue.run(key.claim, () => this.#place(host, request, key))
  }

  /** The order of a key, asked for by its host; undefined where that host has none. Follows it at the CA as often as the CA lets. */
  async look(host: BrokerHost, claim: string): Promise<BrokeredOrder | undefined> {
    const ledger = await this.ledger
    // Behind a request for the same key that is being judged: what it comes to is the answer, not that there is none.
    return this.#queue.run(claim, async () =>
      (await ownerOf(ledger, claim)) === host.name ? this.#look(claim, true) : undefined,
    )
  }

  /** What waits for a second person, oldest first. */
  async pending(): Promise<readonly (HostRequest & { readonly claim: string; readonly time: string })[]> {
    const ledger = await this.ledger
    const open: (HostRequest & { readonly claim: string; readonly time: string })[] = []
    for await (const { kind: _, subject, run: __, entry: ___, ...request } of ledger.all('request'))
      if (request.status === 'awaiting-approval') open.push({ claim: subject, ...request })
    return open.sort((a, b) => (a.time < b.time ? -1 : 1))
  }

  /** Throws EnrollError `broker.not-second`, `broker.decided`, `broker.no-request`. */
  async decide(person: BrokerPerson, claim: string, wish: { formSha256: string; decision: Decision; reason?: string }) {
    const known = await knownOrder(await this.ledger, claim)
    if (known === undefined || known.request.formSha256 !== wish.formSha256) throw noRequest()
    const host = this.#setting.settings.hosts.find(({ name }) => name === known.request.host)
    const { formSha256: _, ...decision } = wish
    await decide(await this.ledger, known.request, { person, host, ...decision })
    return orderView((await knownOrder(await this.ledger, claim)) ?? known)
  }

  /**
   * Says in the ledger what this broker alone knows of orders: what it was about when it died, and what it could not record. Without it,
   * whoever asks another broker is told for good that the order is under way. What cannot be settled now is tried again next time.
   */
  async settleLeft(): Promise<void> {
    await this.#leftBefore()
    for (const claim of this.#left) {
      try {
        const order = await this.#queue.run(claim, () => this.#settle(claim))
        if (order?.state !== 'ordering') this.#left.delete(claim)
      } catch (error) {
        // Whoever asks for this one is told why; the others are settled all the same.
        if (!(error instanceof EnrollError)) throw error
      }
    }
  }

  /** What came to nothing gives back its claim: only the broker that has its run can, and the host may ask another one for good. */
  async #settle(claim: string): Promise<BrokeredOrder | undefined> {
    const order = await this.#look(claim, false)
    if (order !== undefined && mayOrderAgain(order.state))
      await freeOver(this.#setting, claim, await (await this.ledger).claimOf(claim))
    return order
  }

  async #findLeft(): Promise<void> {
    await takeBackUnsaid(this.#setting, await this.ledger)
    // A broker that came second may have said after it that it sent nothing.
    for await (const { subject, status } of (await this.ledger).all('order'))
      if (status === 'intended' || status === 'not-sent') this.#left.add(subject)
  }

  /** `follow`: ask the CA how far it is. An order is an answer also where the CA cannot be asked. */
  async #look(claim: string, follow: boolean): Promise<BrokeredOrder | undefined> {
    const ledger = await this.ledger
    let known = await knownOrder(ledger, claim)
    if (known === undefined) return undefined
    if (stateOf(known) === 'ordering') {
      await settleOrder(this.#setting, known)
      known = (await knownOrder(ledger, claim)) ?? known
    }
    // Behind those of this broker, who asks knows that none of them is about it; another broker may be.
    if (follow && isBeingPlaced(known)) return orderView(known, { state: 'ordering' })
    if (!follow || stateOf(known) !== 'ordered') return told(known)
    const more = await followOrder(this.#setting, ledger, known)
    return orderView((await knownOrder(ledger, claim)) ?? known, more)
  }

  async #place(host: BrokerHost, request: OrderRequest, key: RequestedKey): Promise<BrokeredOrder> {
    const { services, configuration, settings } = this.#setting
    const { claim } = key
    const price = priceSubject(request.form)
    const ledger = await this.ledger
    const questions = orderQuestions(claim)
    const turning = turningClaims(host.name, key.test, services.now())
    const seen = await ledger.look({
      facts: [...questions.facts, ['host', host.name], ['price', price]],
      claims: [...questions.claims, ownerClaim(claim), ...turning],
    })
    await noteHost(ledger, host.name, request.version, services.now(), seen.last('host', host.name))
    const owner = seen.claimOf(ownerClaim(claim))?.run
    if (owner !== undefined && owner !== host.name) throw otherHost()
    const before = owner === undefined ? undefined : await this.#look(claim, false)
    if (before !== undefined && !isOpen(before, request)) return before
    const ca = await this.#ca()
    const trustAnchors = await this.trustAnchors
    const judged = await judgeRequest(request, key, host, { configuration, ca, trustAnchors, now: services.now() })
    const lastPrice = seen.last('price', price)
    const expected = expectedPrice(judged, lastPrice, settings.assumedPrice)
    const order = { test: judged.test, host: host.name, subjectName: judged.subjectName, expected, claim }
    // What was known of it may have been settled since.
    const settled = before === undefined ? seen : await ledger.look(questions)
    const wishes = owner === undefined ? [ownerWish(claim, host.name, request.attempt)] : []
    const note = new RequestNote(ledger, host.name, judged, expected, orderIn(settled, claim), wishes)
    const acquaintances = await this.#acquaintances
    const rules = await rulesFor(acquaintances, settings.approval, order)
    if (rules.length > 0) {
      await note.say()
      if (!(await this.#isApproved(note.request, judged, rules))) return recorded(await knownOrder(ledger, claim))
    }
    const counted = {
      ...order,
      before: settled.history('order', claim),
      now: settled.now,
      known: new Map(turning.map((name) => [name, seen.claimOf(name)])),
    }
    const counting = (await this.#spending).counting(counted, host.limits)
    const placed = await this.#order(host, { judged, lastPrice, counting, note, holder: settled.claimOf(claim) })
    if (placed === undefined) return this.#lookAtOther(claim)
    if (placed.accepted) await acquaintances.add(order, placed.run)
    if (placed.order !== undefined) return told({ claim, request: note.request, order: placed.order })
    // The outcome is in the journal alone.
    this.#left.add(claim)
    return recorded(await knownOrder(ledger, claim))
  }

  /** Counts it and places it, in one step of the ledger if the balance is known; undefined where another run has claimed the key. */
  async #order(
    host: BrokerHost,
    { judged, lastPrice, counting, note, holder }: WantedOrder,
  ): Promise<Placed | undefined> {
    const { claim } = judged
    const refuse = async (error: unknown): Promise<never> => {
      // Also of what a limit refuses the ledger has who asked for it.
      if (error instanceof EnrollError && LIMITS.includes(error.code)) await note.say()
      throw error
    }
    await counting.next().catch(refuse)
    await freeOver(this.#setting, claim, holder)
    const reading = this.#balances.atHand()
    // While the CA is asked, which may take its time, every broker knows that somebody is about the request.
    if (reading === undefined) await note.say()
    const placing = {
      ...this.#setting,
      ledger: await this.ledger,
      locks: this.#locks,
      isFree: holder === undefined,
      ca: await this.#ca(),
      balanceBefore: async () => reading ?? this.#balances.read(),
      take: (...taking: Parameters<Ledger['take']>) => note.sayWith(counting, ...taking),
    }
    return placeOrder(placing, host, judged, lastPrice).catch(async (error: unknown) => {
      // Another broker was first: its order is the order.
      if (error instanceof EnrollError && error.code === 'order.duplicate') return void (await note.say())
      this.#left.add(claim)
      return refuse(error)
    })
  }

  /** Of a key that another run has claimed. It may be one of here that died before the ledger had more of it than the claim. */
  async #lookAtOther(claim: string): Promise<BrokeredOrder> {
    const last = (await this.#look(claim, false)) ?? recorded(undefined)
    // Who was first may not have said yet what it means with the key.
    const order: BrokeredOrder = last.state === 'none' ? { ...last, state: 'ordering' } : last
    if (order.state === 'ordering') this.#left.add(claim)
    return order
  }

  /** False where it waits for a person, or a person has said no; the ledger says which. */
  async #isApproved(
    said: HostRequest,
    { claim, formSha256 }: JudgedRequest,
    rules: readonly string[],
  ): Promise<boolean> {
    const ledger = await this.ledger
    const decision = await decisionOn(ledger, claim, formSha256)
    const status =
      decision === undefined ? 'awaiting-approval' : decision.decision === 'approve' ? 'approved' : 'declined'
    if (said.status !== status) {
      const { decision: _, ...by } = decision ?? {}
      const run = brokerRun(said.host)
      await ledger.record({ ...withoutRecord(said), kind: 'request', subject: claim, run, status, rules, ...by })
    }
    return status === 'approved'
  }
}

/** Without what the ledger added. */
function withoutRecord(request: HostRequest & { readonly time?: string; readonly entry?: string }): HostRequest {
  const { time: _, entry: __, ...said } = request
  return said
}

/** Is there something to do for it? The same wish is answered with the same end; a new one may follow an end without an order. */
function isOpen({ state, attempt }: BrokeredOrder, request: OrderRequest): boolean {
  if (state === 'none' || state === 'awaiting-approval') return true
  return (state === 'refused' || state === 'rejected' || state === 'declined') && attempt !== request.attempt
}

/** A request that may be ordered, as far as form, evidence and people go. */
interface WantedOrder {
  readonly judged: JudgedRequest
  readonly lastPrice: RecordedFact<'price'> | undefined
  readonly counting: Counting
  readonly note: RequestNote
  /** Who has the key. */
  readonly holder: Claim | undefined
}

/** Of a host, and of the account. */
const LIMITS: readonly string[] = ['broker.limit', 'ledger.limit']

/** What a request has come to. */
function recorded(known: KnownOrder | undefined): BrokeredOrder {
  if (known === undefined) throw new Error('a request that was recorded is not in the ledger')
  return told(known)
}

const told = (said: SaidOrder): BrokeredOrder => orderView(said, whyOf(said))

function whyOf(known: SaidOrder): Partial<BrokeredOrder> {
  if (known.order === undefined) return {}
  switch (stateOf(known)) {
    case 'unknown':
      return { reason: `what became of the order is not known; see the run ${known.order.run} on the broker` }
    case 'rejected':
      if (known.order.status === 'abandoned') return { reason: `the run ${known.order.run} was given up on the broker` }
      return { reason: `the CA rejected the order ${known.order.orderNumber ?? ''} after it had accepted it` }
    default:
      return {}
  }
}

const noRequest = (): EnrollError =>
  new EnrollError('broker.no-request', 'The broker has no such request, or it has changed since it was listed.', {
    remedy: 'List what is open with `hsm-enroll orders pending`.',
  })
