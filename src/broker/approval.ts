import { EnrollError } from '../errors.ts'
import type { RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { sha256Hex } from '../sha256-hex.ts'
import type { ApprovalRules, BrokerHost, BrokerPerson } from './broker-settings.ts'

/** What a second person can say. */
export type Decision = 'approve' | 'reject'

interface Approvable {
  readonly test: boolean
  readonly host: string
  readonly subjectName: string
  /** Hundredths; undefined where nobody knows. */
  readonly expected: number | undefined
}

/** The rules that ask for a second person, by their names in the broker's file. A rehearsal costs nothing and needs none. */
export async function rulesFor(
  known: Acquaintances,
  rules: ApprovalRules,
  order: Approvable,
): Promise<readonly string[]> {
  if (order.test) return []
  const { above, newHost, newSubject } = rules
  const found: string[] = []
  if (above !== undefined && (order.expected === undefined || order.expected > above)) found.push('above')
  if (newHost && !(await known.has(knownClaim('host', order.host)))) found.push('newHost')
  if (newSubject && !(await known.has(knownClaim('subject', order.subjectName)))) found.push('newSubject')
  return found
}

/** More names are not remembered. */
const MOST_KNOWN = 10_000

/** Hosts and subjects that an order was accepted for. The ledger has them as claims, which nobody gives back: each is asked for once. */
export class Acquaintances {
  readonly #ledger: Ledger
  readonly #known = new Set<string>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  async has(name: string): Promise<boolean> {
    if (this.#known.has(name)) return true
    const isKnown = (await this.#ledger.claimOf(name)) !== undefined
    if (isKnown) this.#remember(name)
    return isKnown
  }

  /**
   * From the first paid order that the CA has accepted on, host and subject are known. A rehearsal, which nobody approves, says nothing of
   * them.
   */
  async add({ test, host, subjectName }: Approvable, run: string): Promise<void> {
    if (test) return
    for (const [name, whose] of [
      [knownClaim('host', host), host],
      [knownClaim('subject', subjectName), asIntent(subjectName)],
    ] as const) {
      if (await this.has(name)) continue
      await this.#ledger.claim(name, run, whose)
      this.#remember(name)
    }
  }

  #remember(name: string): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear()
    this.#known.add(name)
  }
}

const knownClaim = (what: 'host' | 'subject', name: string): string => `known-${what}-${sha256Hex(folded(name))}`

/** Bytes of UTF-8: what a claim can hold of its intent. The fact has the whole text. */
const MAX_INTENT = 200

function asIntent(text: string): string {
  let intent = ''
  let length = 0
  for (const character of text) {
    length += Buffer.byteLength(character)
    if (length > MAX_INTENT) return intent
    intent += character
  }
  return intent
}

/** Names that a reader would take for one. */
const folded = (name: string): string => name.normalize('NFKC').toLowerCase().trim()

/** A decision is of one exact form: another form for the same key is another question. */
const decisionClaim = (claim: string, formSha256: string): string => `decision-${sha256Hex(`${claim} ${formSha256}`)}`

/** What was decided, and by whom: the first decision counts, whichever broker took it. */
export async function decisionOn(
  ledger: Ledger,
  claim: string,
  formSha256: string,
): Promise<{ readonly decision: Decision; readonly by: string; readonly reason?: string } | undefined> {
  const taken = await ledger.claimOf(decisionClaim(claim, formSha256))
  if (taken === undefined) return undefined
  const [word, ...reason] = taken.intent.split(': ')
  return {
    // A claim that a disk destroyed is held by nobody known, and is no approval.
    decision: word === 'approve' ? 'approve' : 'reject',
    by: taken.run,
    ...(reason.length === 0 ? {} : { reason: reason.join(': ') }),
  }
}

/**
 * Takes a person's decision on a request. Throws EnrollError `broker.not-second` for whoever asked, or works on the host, and
 * `broker.decided` where there is a decision.
 */
export async function decide(
  ledger: Ledger,
  request: RecordedFact<'request'>,
  { person, host, decision, reason }: DecisionOf,
): Promise<void> {
  const { name } = person
  const involved = [request.requestedBy, ...(host?.operators ?? [])].map(folded)
  if (!person.mayApprove) throw notSecond(`${name} may see requests, and not decide on them`)
  if (involved.includes(folded(name))) throw notSecond(`${name} asked for it, or works on ${request.host}`)
  if (request.status !== 'awaiting-approval') throw decided(`the request is ${request.status}`)
  const intent = asIntent(reason === undefined ? decision : `${decision}: ${reason}`)
  const taken = await ledger.claim(decisionClaim(request.subject, request.formSha256), name, intent)
  if (taken.run !== name || taken.intent !== intent) throw decided(`${taken.run} has decided: ${taken.intent}`)
  const { time: _, entry: __, ...said } = request
  await ledger.record({
    ...said,
    status: decision === 'approve' ? 'approved' : 'declined',
    by: name,
    ...(reason === undefined ? {} : { reason }),
  })
}

interface DecisionOf {
  readonly person: BrokerPerson
  /** As the broker's file has it; undefined where it is not in it any more. */
  readonly host: BrokerHost | undefined
  readonly decision: Decision
  readonly reason?: string
}

const notSecond = (why: string): EnrollError =>
  new EnrollError('broker.not-second', `The broker refused the decision: ${why}.`, {
    remedy: 'Ask a second person who has `approves: true` in the broker’s file.',
  })

const decided = (why: string): EnrollError =>
  new EnrollError('broker.decided', `The broker refused the decision: ${why}.`, {
    remedy: 'List what is open with `hsm-enroll orders pending`.',
  })
