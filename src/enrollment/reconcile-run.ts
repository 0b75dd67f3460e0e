import type { RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { JournalEntry } from './journal.ts'
import { factsOfJournal } from './ledger-facts.ts'
import type { RunEvent } from './run-event.ts'

type Recovered = Extract<RunEvent, { type: 'recovered' }>

/** Facts whose evidence the journal does not have any more: it has lost its end (a bad disk, a backup that was put back). */
export function lostFacts(said: readonly RecordedFact[], entries: readonly JournalEntry[]): readonly RecordedFact[] {
  const known = new Set(
    entries.flatMap(({ hash, event }) => (event.type === 'recovered' ? [hash, ...event.entries] : [hash])),
  )
  return said.filter(({ entry }) => entry !== undefined && !known.has(entry))
}

/** Records what the journal says and the ledger does not: a process died between the two. */
export async function recordMissing(
  ledger: Ledger,
  run: string,
  said: readonly RecordedFact[],
  entries: readonly JournalEntry[],
): Promise<void> {
  const known = new Set(said.map(identityOf))
  for (const fact of factsOfJournal(run, entries)) if (!known.has(identityOf(fact))) await ledger.record(fact, true)
}

/** An entry says one thing of a subject. */
export const identityOf = ({ kind, subject, entry }: Pick<RecordedFact, 'kind' | 'subject' | 'entry'>): string =>
  JSON.stringify([kind, subject, entry])

/** What the run must know of the facts that its journal has lost; undefined where none are. */
export function recovery(lost: readonly RecordedFact[]): Recovered | undefined {
  if (lost.length === 0) return undefined
  const entries = [...new Set(lost.flatMap(({ entry }) => entry ?? []))]
  return { type: 'recovered', entries, key: lostKey(lost), order: lostOrder(lost) }
}

function lostKey(lost: readonly RecordedFact[]): Recovered['key'] {
  const places = lost.filter((fact) => fact.kind === 'place')
  const asked = places.find(({ status }) => status === 'requested')
  const held = places.find(({ status }) => status === 'holds')
  const at = asked ?? held
  if (at === undefined) return undefined
  return {
    occupant: asked === undefined ? undefined : (asked.spkiSha256 ?? null),
    deviceName: at.device,
    place: at.location,
    location: held?.location,
    spkiSha256: held?.spkiSha256,
  }
}

/** The last order among them, with the number that the CA gave it where one of them knows it. */
function lostOrder(lost: readonly RecordedFact[]): Recovered['order'] {
  const orders = lost.filter((fact) => fact.kind === 'order')
  const last = orders.at(-1)
  if (last === undefined) return undefined
  const { claim, otherClaims, formSha256 = '', spkiSha256, endpoint = '', test } = last
  const orderNumber = orders.findLast((order) => order.orderNumber !== undefined)?.orderNumber
  const intent = orders.findLast(({ status }) => status === 'intended')?.entry
  return { claim, otherClaims, formSha256, spkiSha256, endpoint, test, orderNumber, intent }
}
