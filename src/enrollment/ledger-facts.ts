import { accountName, type Fact, type OrderStatus, orderClaim, placeName } from '../ledger/fact.ts'
import type { JournalEntry } from './journal.ts'
import { marksOf } from './profile-marks.ts'
import type { RunEvent } from './run-event.ts'
import { foldEntry, type RunRecord } from './run-record.ts'

/** A fact without who says it. */
type Said<F extends Fact = Fact> = F extends unknown ? Omit<F, 'run' | 'entry'> : never

/** Of a name in a certificate, what a person needs to know it by. */
const MAX_NAME = 500
/** Of the CA's own words. */
const MAX_WORDS = 1000

/** What an entry of a run's journal says that outlives the run. `before` and `after`: the run around that entry. */
export function factsOf(
  run: string,
  before: RunRecord,
  after: RunRecord,
  { event, hash }: JournalEntry,
): readonly Fact[] {
  // A refused key is asked for no more: where it would have been is known from before.
  return saidIn(event.type === 'key-refused' ? before : after, event).map(
    (fact): Fact => ({
      ...fact,
      run,
      entry: hash,
    }),
  )
}

/** Every fact of a journal, in its order. */
export function* factsOfJournal(run: string, entries: readonly JournalEntry[]): Iterable<Fact> {
  let record: RunRecord | undefined
  for (const entry of entries) {
    const after = foldEntry(record, entry)
    if (record !== undefined && after !== undefined) yield* factsOf(run, record, after, entry)
    record = after
  }
}

function saidIn(record: RunRecord, event: RunEvent): readonly Said[] {
  switch (event.type) {
    case 'key-requested':
      return placeFact(record, event.place, 'requested', keyMark(event.occupant))
    case 'key-refused':
      return placeFact(record, record.keyRequested?.place, 'refused')
    case 'key-generated':
      return keyFacts(record, event)
    case 'key-removed':
      return removedFacts(record, event)
    case 'key-deleted':
      return deletedFacts(record, event.location)
    case 'issued':
      return certificateFact(record)
    case 'installed':
      return certificateFact(record, event.where)
    case 'abandoned':
      return [...abandonedKey(record), ...(event.despiteOrder ? orderFacts(record, 'abandoned') : [])]
    default: {
      const status = ORDER_STATUS[event.type]
      return status === undefined ? [] : orderFacts(record, status)
    }
  }
}

/** What an event says of the order that the run has submitted. */
const ORDER_STATUS: Readonly<Partial<Record<RunEvent['type'], OrderStatus>>> = {
  submitting: 'intended',
  'not-sent': 'not-sent',
  ordered: 'ordered',
  rejected: 'rejected',
  'order-rejected': 'order-rejected',
  unknown: 'unknown',
  'not-placed': 'not-placed',
}

function placeFact(
  { keyRequested, test }: RunRecord,
  location: string | undefined,
  status: Fact<'place'>['status'],
  spkiSha256?: string,
): readonly Said[] {
  const device = keyRequested?.deviceName
  if (device === undefined || location === undefined) return []
  return [{ kind: 'place', subject: placeName(device, location), status, device, location, spkiSha256, test }]
}

/** What was in a place and could not be read has no hash. */
const keyMark = (occupant: string | null | undefined): string | undefined =>
  /^[0-9a-f]{64}$/.test(occupant ?? '') ? (occupant ?? undefined) : undefined

function keyFacts(
  record: RunRecord,
  { location, spkiSha256 }: Extract<RunEvent, { type: 'key-generated' }>,
): readonly Said[] {
  const { keyRequested, test } = record
  const [held] = placeFact(record, location, 'holds', spkiSha256)
  const place = held?.subject
  const before = keyMark(keyRequested?.occupant)
  const replaced: readonly Said[] =
    before === undefined || before === spkiSha256
      ? []
      : [{ kind: 'key', subject: before, status: 'replaced', place, test }]
  return [
    ...(held === undefined ? [] : [held]),
    { kind: 'key', subject: spkiSha256, status: 'alive', place, test },
    ...replaced,
  ]
}

function abandonedKey({ spkiSha256, keyRequested, keyLocation, test }: RunRecord): readonly Said[] {
  const device = keyRequested?.deviceName
  if (spkiSha256 === undefined) return []
  const place = device === undefined || keyLocation === undefined ? undefined : placeName(device, keyLocation)
  return [{ kind: 'key', subject: spkiSha256, status: 'abandoned', place, test }]
}

function removedFacts(
  record: RunRecord,
  { location, spkiSha256 }: Extract<RunEvent, { type: 'key-removed' }>,
): readonly Said[] {
  const freed = placeFact(record, location, 'free')
  if (spkiSha256 === undefined) return freed
  return [
    ...freed,
    { kind: 'key', subject: spkiSha256, status: 'replaced', place: freed[0]?.subject, test: record.test },
  ]
}

function deletedFacts(record: RunRecord, location: string): readonly Said[] {
  const { spkiSha256, test } = record
  const freed = placeFact(record, location, 'free', spkiSha256)
  if (spkiSha256 === undefined) return freed
  return [...freed, { kind: 'key', subject: spkiSha256, status: 'deleted', place: freed[0]?.subject, test }]
}

function orderFacts(record: RunRecord, status: OrderStatus): readonly Said[] {
  const { submission, orderNumber, amount, refusal } = record
  if (submission === undefined) return []
  const { claim, otherClaims = [], test, formSha256, spkiSha256, endpoint } = submission
  const placed = status === 'ordered' || status === 'order-rejected'
  return [claim, ...otherClaims].map((name) => ({
    kind: 'order',
    subject: orderClaim(name, test),
    status,
    test,
    claim,
    otherClaims: otherClaims.length === 0 ? undefined : otherClaims,
    formSha256,
    spkiSha256,
    endpoint: accountName(endpoint),
    orderNumber: placed ? orderNumber : undefined,
    amount: placed ? amount : undefined,
    refusal:
      status === 'rejected' && refusal !== undefined
        ? { code: refusal.code, message: refusal.message.slice(0, MAX_WORDS) }
        : undefined,
    profile: marksOf(record),
  }))
}

function certificateFact(record: RunRecord, where?: string): readonly Said[] {
  const { certificateSerial, certificateNotAfter, certificateSubject = '', certificateIssuer = '' } = record
  const subject = record.spkiSha256 ?? record.submission?.spkiSha256
  if (subject === undefined || certificateSerial === undefined || certificateNotAfter === undefined) return []
  return [
    {
      kind: 'certificate',
      subject,
      serialNumber: certificateSerial,
      subjectName: certificateSubject.slice(0, MAX_NAME),
      issuerName: certificateIssuer.slice(0, MAX_NAME),
      notAfter: certificateNotAfter,
      where,
    },
  ]
}
