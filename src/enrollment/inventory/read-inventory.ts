import type { RecordedFact } from '../../ledger/fact.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { openLedger } from '../open-ledger.ts'
import { readableRecord } from '../profile-runs.ts'
import { stakeOf } from '../replacing/place-holder.ts'
import type { RunRecord } from '../run-record.ts'
import type { EnrollmentServices } from '../services.ts'

/** A key that a run has generated or ordered for, with all that the ledger and the run's journal know of it. */
export interface InventoryEntry {
  /** SHA-256 of the SubjectPublicKeyInfo, hex. */
  readonly spkiSha256: string
  readonly run: string
  /** Absent if the journal of the run cannot be read, or is gone. */
  readonly record?: RunRecord
  readonly test: boolean
  /** Family and serial number, as the ledger names the device; absent for a key that was only ordered for. */
  readonly device?: string
  /** In the family's own words. */
  readonly location?: string
  /** Absent for a key that was generated elsewhere. */
  readonly keyStatus?: RecordedFact<'key'>['status']
  readonly certificate?: Pick<
    RecordedFact<'certificate'>,
    'serialNumber' | 'subjectName' | 'issuerName' | 'notAfter' | 'where'
  >
  readonly order?: Pick<RecordedFact<'order'>, 'status' | 'orderNumber'>
  /** Milliseconds until the certificate ends; negative once it has. */
  readonly timeLeft?: number
  /** Is on a device, and no run needs it: it can be deleted. */
  readonly orphaned: boolean
}

export interface InventoryFilter {
  /** Only certificates that end within so many milliseconds, or have ended. */
  readonly expiring?: number
  /** Only devices whose name contains this text; capitals do not count. */
  readonly device?: string
  readonly orphaned?: boolean
  /** Only keys with a certificate. */
  readonly certified?: boolean
}

/**
 * Every key of the ledger, those whose certificate ends first before the others. What it says follows from the journals alone as long as
 * they are there, so that a ledger that was rebuilt gives the same. Throws EnrollError `ledger.damaged`.
 */
export async function readInventory(
  services: Pick<EnrollmentServices, 'ledger' | 'stateDirectory' | 'now' | 'observer'>,
  filter: InventoryFilter = {},
): Promise<readonly InventoryEntry[]> {
  const ledger = await openLedger(services)
  // Asked once: certificates that end together would swap places with every tick between them.
  const now = services.now()
  const entries: InventoryEntry[] = []
  for (const facts of (await factsByKey(ledger)).values()) {
    const entry = await entryOf(ledger, services.stateDirectory, now, facts)
    if (entry !== undefined && passes(entry, filter)) entries.push(entry)
  }
  return entries.sort(byEnd)
}

interface KeyFacts {
  readonly key?: RecordedFact<'key'>
  readonly certificate?: RecordedFact<'certificate'>
  readonly order?: RecordedFact<'order'>
}

async function factsByKey(ledger: Ledger): Promise<ReadonlyMap<string, KeyFacts>> {
  const found = new Map<string, KeyFacts>()
  const add = (spkiSha256: string, facts: KeyFacts): Map<string, KeyFacts> =>
    found.set(spkiSha256, { ...found.get(spkiSha256), ...facts })
  for await (const key of ledger.all('key')) add(key.subject, { key })
  for await (const certificate of ledger.all('certificate')) add(certificate.subject, { certificate })
  // An order names the key in its claim; what it has ordered for may have changed hands since.
  for await (const order of ledger.all('order')) if (isOfKey(order)) add(order.spkiSha256 ?? '', { order })
  return found
}

const isOfKey = ({ spkiSha256, subject }: RecordedFact<'order'>): boolean =>
  spkiSha256 !== undefined && subject.startsWith(spkiSha256)

async function entryOf(
  ledger: Ledger,
  stateDirectory: string,
  now: number,
  { key, certificate, order }: KeyFacts,
): Promise<InventoryEntry | undefined> {
  const spkiSha256 = key?.subject ?? certificate?.subject ?? order?.spkiSha256
  if (spkiSha256 === undefined) return undefined
  const maker = key?.status === 'replaced' ? await makerOf(ledger, spkiSha256) : key
  const run = maker?.run ?? certificate?.run ?? order?.run
  // A key that was found on the device, and never was one of ours, was only replaced.
  if (run === undefined) return undefined
  const record = await readableRecord(ledger, stateDirectory, run)
  const device = record?.keyRequested?.deviceName ?? record?.deviceName
  const place = maker?.place
  const location = record?.keyLocation ?? (device === undefined ? place : place?.slice(device.length + 1))
  return {
    spkiSha256,
    run,
    record,
    test: record?.test ?? key?.test ?? order?.test ?? false,
    device: maker === undefined ? undefined : device,
    location: maker === undefined ? undefined : location,
    keyStatus: key?.status,
    certificate,
    order,
    timeLeft: certificate === undefined ? undefined : Date.parse(certificate.notAfter) - now,
    orphaned: isOrphaned(key, record, now),
  }
}

async function makerOf(ledger: Ledger, spkiSha256: string): Promise<RecordedFact<'key'> | undefined> {
  return (await ledger.history('key', spkiSha256)).find(({ status }) => status !== 'replaced')
}

const isOrphaned = (key: RecordedFact<'key'> | undefined, record: RunRecord | undefined, now: number): boolean =>
  key !== undefined &&
  (key.status === 'alive' || key.status === 'abandoned') &&
  record !== undefined &&
  stakeOf(record, now) === undefined

function passes(
  { timeLeft, device, orphaned, certificate, keyStatus }: InventoryEntry,
  filter: InventoryFilter,
): boolean {
  if (filter.certified === true && certificate === undefined) return false
  if (filter.orphaned === true && !orphaned) return false
  if (filter.device !== undefined && device?.toLowerCase().includes(filter.device.toLowerCase()) !== true) return false
  if (filter.expiring === undefined) return true
  return timeLeft !== undefined && timeLeft <= filter.expiring && keyStatus !== 'deleted' && keyStatus !== 'replaced'
}

/** What has no certificate comes last, by its run. */
function byEnd(a: InventoryEntry, b: InventoryEntry): number {
  const ends = (a.timeLeft ?? Number.POSITIVE_INFINITY) - (b.timeLeft ?? Number.POSITIVE_INFINITY)
  if (ends !== 0 && !Number.isNaN(ends)) return ends
  return `${a.run} ${a.spkiSha256}` < `${b.run} ${b.spkiSha256}` ? -1 : 1
}
