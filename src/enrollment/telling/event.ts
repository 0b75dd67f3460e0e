import { sha256Hex } from '../../sha256-hex.ts'
import type { JournalEntry } from '../journal.ts'
import type { RunEvent } from '../run-event.ts'
import { foldEntry, type RunRecord } from '../run-record.ts'

type EventType = 'issued' | 'renewed' | 'refused' | 'unknown' | 'expiring' | 'touch-needed' | 'approval-pending'

/** What somebody is told: schemas/event.schema.json. Holds no secret. */
export interface LifetimeEvent {
  /** The same for the same event, however often it is told: who has seen it need not act again. */
  readonly id: string
  readonly type: EventType
  /** ISO 8601, UTC. */
  readonly time: string
  readonly run?: string
  readonly profile?: string
  readonly test: boolean
  readonly device?: string
  readonly location?: string
  readonly spkiSha256?: string
  readonly orderNumber?: string
  readonly subject?: string
  readonly notAfter?: string
  /** One line for people. */
  readonly detail: string
}

/** What a run's journal has to tell, in its order. */
export function eventsOf(run: string, entries: readonly JournalEntry[]): readonly LifetimeEvent[] {
  const events: LifetimeEvent[] = []
  let record: RunRecord | undefined
  for (const entry of entries) {
    const before = record
    record = foldEntry(record, entry)
    const told = record === undefined ? undefined : toldBy(entry.event, record)
    if (record === undefined || told === undefined || isKnown(entry.event, before)) continue
    events.push({ id: entry.hash.slice(0, 32), time: entry.time, run, ...told, ...aboutRun(record) })
  }
  return events
}

/** Nothing new: the outcome was unknown already, or the same check refused the same key. */
const isKnown = (event: RunEvent, before: RunRecord | undefined): boolean =>
  (event.type === 'unknown' && before?.state === 'unknown') ||
  (event.type === 'check-refused' && before?.failedChecks?.join() === event.failed.join())

const aboutRun = (record: RunRecord) => ({
  profile: record.profile,
  test: record.test,
  device: record.deviceName,
  location: record.keyLocation,
  spkiSha256: record.spkiSha256,
  orderNumber: record.orderNumber,
  subject: record.certificateSubject,
  notAfter: record.certificateNotAfter,
})

function toldBy(event: RunEvent, record: RunRecord): Pick<LifetimeEvent, 'type' | 'detail'> | undefined {
  switch (event.type) {
    case 'issued':
      return { type: 'issued', detail: `the certificate was issued, and is valid until ${event.notAfter}` }
    case 'installed':
      if (record.renews === undefined) return undefined
      return {
        type: 'renewed',
        detail: `the new key works, and so does the old one until ${record.renews.notAfter}: have signatures made with the new one`,
      }
    case 'check-refused':
      return { type: 'refused', detail: `a check refused the evidence: ${event.failed.join(', ')}` }
    case 'rejected':
      return { type: 'refused', detail: `the CA refused the order: ${event.refusal.code} ${event.refusal.message}` }
    case 'order-rejected':
      return { type: 'refused', detail: `the CA rejected the order: ${event.reason}` }
    case 'unknown':
      return { type: 'unknown', detail: `nobody knows whether the CA has the order: ${event.reason}` }
    default:
      return undefined
  }
}

/** Days before the end at which somebody is told, whoever renews. */
const DAYS = [30, 14, 7, 3, 1, 0] as const

/** That a certificate ends soon: the last of the days that has come. Undefined as long as none has. */
export function expiringEvent(
  about: Pick<LifetimeEvent, 'run' | 'profile' | 'device' | 'location' | 'subject'> & {
    readonly spkiSha256: string
    readonly notAfter: string
  },
  now: number,
): LifetimeEvent | undefined {
  const left = (Date.parse(about.notAfter) - now) / 86_400_000
  const day = DAYS.findLast((each) => left <= each)
  if (day === undefined) return undefined
  return {
    id: sha256Hex(`expiring ${about.spkiSha256} ${about.notAfter} ${day}`).slice(0, 32),
    type: 'expiring',
    time: new Date(now).toISOString(),
    test: false,
    ...about,
    detail: left <= 0 ? `the certificate ended on ${about.notAfter}` : `the certificate ends on ${about.notAfter}`,
  }
}
