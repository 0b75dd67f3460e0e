import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Journal } from '../../../src/enrollment/journal.ts'
import { listRunIds, RunFolder } from '../../../src/enrollment/run-folder.ts'
import { type RunRecord, recordIn } from '../../../src/enrollment/run-record.ts'
import { weighUnknown } from '../../../src/enrollment/weigh-unknown.ts'
import type { OrderStatus } from '../../../src/ledger/fact.ts'
import type { UnknownOrderVerdict } from '../../../src/sectigo/resolve-unknown.ts'
import type { Fleet, Host } from './fleet.ts'

export interface KnownRun {
  readonly id: string
  readonly record: RunRecord
  /** Hashes of the entries that say that an order was about to be sent. */
  readonly intents: readonly string[]
  /**
   * Those that were taken back before anything was sent, since the ledger did not take them, or over which the broker died: the ledger may
   * lack them. What the ledger lacks was not sent, which the numbers of the orders show.
   */
  readonly takenBack: readonly string[]
  /** How often it said that nobody knows what became of one. */
  readonly unknowns: number
  /** What the balance, and what the ledger has of other orders, said of it when they were last looked at. */
  readonly weighed?: UnknownOrderVerdict['verdict']
}

/** All runs of a state folder whose journal can be read. */
export async function runsIn(stateDirectory: string): Promise<readonly KnownRun[]> {
  if (!existsSync(stateDirectory)) return []
  const runs: KnownRun[] = []
  for (const id of await listRunIds(stateDirectory)) {
    const { journalFile } = RunFolder.at(stateDirectory, id)
    if (!existsSync(journalFile)) continue
    const journal = await Journal.open(journalFile, Date.now)
    const record = recordIn(journal)
    if (record === undefined) continue
    const { entries } = journal
    const events = entries.map(({ event }) => event)
    const intents = entries.filter(({ event }) => event.type === 'submitting').map(({ hash }) => hash)
    const takenBack = entries
      .filter(({ event }, index) => {
        const next = entries[index + 1]?.event.type
        return event.type === 'submitting' && (next === undefined || next === 'not-sent')
      })
      .map(({ hash }) => hash)
    // The balance that is read later is another entry about the same.
    const unknowns = entries.filter(({ event }) => event.type === 'unknown' && event.balanceAfter === undefined).length
    const read = events.findLast((event) => event.type === 'unknown' && event.balanceAfter !== undefined)
    const submission = events.findLast((event) => event.type === 'submitting')
    const weighed =
      read?.type !== 'unknown'
        ? {}
        : { weighed: weighUnknown({ submission, balanceAfter: read.balanceAfter, otherOrders: read.others }).verdict }
    runs.push({ id, record, intents, takenBack, unknowns, ...weighed })
  }
  return runs
}

export const spkiOf = (order: { readonly spki?: Uint8Array }): string =>
  createHash('sha256')
    .update(order.spki ?? Buffer.alloc(0))
    .digest('hex')

/** The runs of a profile that have a key: one that was killed, or given up, before it asked for one made nothing. */
const runsOf = (runs: readonly KnownRun[], file: string): readonly KnownRun[] =>
  runs.filter(({ record }) => record.profile === file && (record.keyRequested ?? record.spkiSha256) !== undefined)

/** Has a host all that it can get: certificates, and of the second person a no? */
export async function isSettled(host: Host): Promise<boolean> {
  const runs = await runsIn(host.stateDirectory)
  return host.profiles.every(({ file, rejected }) => {
    const [own] = runsOf(runs, file)
    return own !== undefined && own.record.state === (rejected ? 'checked' : 'installed')
  })
}

interface OrderFact {
  readonly run: string
  readonly entry: string
  readonly status: OrderStatus
  readonly number: string | null
}

const FINAL: readonly OrderStatus[] = ['ordered', 'rejected', 'not-sent', 'not-placed']

/** What is wrong with the end of a campaign, in words; empty where nothing is. `resolved`: the runs of brokers that a person settled. */
export async function faultsOf(fleet: Fleet, resolved: readonly string[]) {
  const faults: string[] = []
  const say = (wrong: boolean, what: string): void => {
    if (wrong) faults.push(what)
  }
  const { orders } = fleet.rehearsal.ca
  const byKey = new Map<string, number>()
  for (const order of orders) byKey.set(spkiOf(order), (byKey.get(spkiOf(order)) ?? 0) + 1)
  for (const [key, times] of byKey) say(times > 1, `the key ${key} was ordered for ${times} times`)

  let approved = 0
  let waiting = 0
  for (const host of fleet.hosts) {
    const runs = await runsIn(host.stateDirectory)
    for (const { file, rejected } of host.profiles) {
      const own = runsOf(runs, file)
      const [{ record } = { record: undefined }] = own
      say(own.length !== 1, `${file} has ${own.length} runs`)
      if (!rejected) approved++
      const placed = orders.filter((order) => spkiOf(order) === record?.spkiSha256)
      say(placed.length !== (rejected ? 0 : 1), `${file} has ${placed.length} orders, ${record?.state}`)
      say(!rejected && record?.orderNumber !== placed[0]?.orderNumber, `${file} knows ${record?.orderNumber}`)
      // Where the CA's answer to the question for a certificate was lost, it may be asked again in three hours.
      const waits = !rejected && record?.state === 'ordered'
      if (waits) waiting++
      say(!waits && record?.state !== (rejected ? 'checked' : 'installed'), `${file} ends as ${record?.state}`)
    }
  }
  say(orders.length !== approved, `orders ${orders.length}, approved ${approved}`)

  const facts = (await fleet.server.sql(
    `SELECT run, entry, body->>'status' AS status, body->>'orderNumber' AS number FROM hsm_enroll.fact
     WHERE kind = 'order' ORDER BY id`,
    fleet.database,
  )) as unknown as readonly OrderFact[]
  const numbers = new Set(facts.filter(({ status }) => status === 'ordered').map(({ number }) => number))
  say(
    orders.some(({ orderNumber }) => !numbers.has(orderNumber)) || numbers.size !== orders.length,
    `the ledger has ${numbers.size} orders, the CA ${orders.length}`,
  )
  const journals = (await Promise.all(fleet.brokers.map(({ stateDirectory }) => runsIn(stateDirectory)))).flat()
  const intended = facts.filter(({ status }) => status === 'intended')
  const inJournals = new Set(journals.flatMap(({ intents }) => intents))
  const inLedger = new Set(intended.map(({ entry }) => entry))
  const takenBack = new Set(journals.flatMap((run) => run.takenBack))
  for (const intent of inJournals)
    say(!inLedger.has(intent) && !takenBack.has(intent), `the ledger lacks the intent ${intent}`)
  for (const intent of inLedger) say(!inJournals.has(intent), `no journal has the intent ${intent}`)
  let unknowns = 0
  const weighed = { right: 0, undecided: 0, none: 0 }
  for (const { id, intents, unknowns: told, record, weighed: verdict } of journals) {
    if (record.resolution !== undefined) {
      // A person looked at the CA's own list.
      const isWrong = verdict !== undefined && verdict !== 'undecided' && verdict !== record.resolution
      say(isWrong, `${id}: by the balance ${verdict}, by the CA ${record.resolution}`)
      if (!isWrong) weighed[verdict === record.resolution ? 'right' : verdict === undefined ? 'none' : 'undecided']++
    }
    // A balance that was read later is one more fact about the same outcome.
    const statuses = facts
      .filter(({ run }) => run === id)
      .map(({ status }) => status)
      .filter((status, index, all) => status !== all[index - 1])
    const last = statuses.at(-1)
    say(intents.length > 1, `${id} meant to order ${intents.length} times`)
    if (!intents.some((intent) => inLedger.has(intent) || !takenBack.has(intent))) continue
    say(!statuses.some((status) => FINAL.includes(status)), `${id} has no outcome: ${statuses.join(', ')}`)
    say(
      last === 'intended' || last === 'unknown',
      `${id} ends as ${last} in the ledger, ${record.state} in its journal`,
    )
    const inFacts = statuses.filter((status) => status === 'unknown').length
    const byPerson = resolved.filter((run) => run === id).length
    if (told > 0 || inFacts > 0 || byPerson > 0) unknowns++
    // Told once in the journal, once in the ledger, and settled once; or never.
    say(told > 1 || told !== inFacts || told !== byPerson, `${id}: unknown ${told}, ${inFacts}, settled ${byPerson}`)
  }
  for (const { node, defects } of fleet.brokers) say(defects > 0, `${node} logged ${defects} defects`)
  return { faults, orders: orders.length, approved, waiting, intents: inLedger.size, unknowns, weighed }
}

/** Gives each call the name of its key, and adds what the CA has: what the checker needs beside the calls. */
export async function completeHistory(fleet: Fleet): Promise<void> {
  const names = new Map<string, string>()
  for (const host of fleet.hosts)
    for (const { id, record } of await runsIn(host.stateDirectory))
      if (record.spkiSha256 !== undefined) names.set(`${host.client} ${id}`, record.spkiSha256)
  const lines = readFileSync(fleet.history, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { event: string; client?: number; run?: string })
    .map(({ run, ...line }) => (run === undefined ? line : { ...line, name: names.get(`${line.client} ${run}`) }))
  writeFileSync(fleet.history, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  for (const order of fleet.rehearsal.ca.orders)
    appendFileSync(
      fleet.history,
      `${JSON.stringify({ event: 'number', name: spkiOf(order), number: order.orderNumber })}\n`,
    )
}
