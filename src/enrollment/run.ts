import { DeviceError, type DeviceErrorCode } from '../../devices/device.ts'
import type { Configuration } from '../config/configuration.ts'
import { EnrollError, EXIT, sentence } from '../errors.ts'
import type { LinkedLocks } from '../files/linked-locks.ts'
import { withProcessLock } from '../files/process-lock.ts'
import { areHeld, type Claim, type Wish } from '../ledger/claim.ts'
import type { Fact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { artefactsAhead } from './artefacts-ahead.ts'
import { Journal, type JournalEntry } from './journal.ts'
import { factsOf } from './ledger-facts.ts'
import { openLedger } from './open-ledger.ts'
import { marksOf, profileMarks, settingsOf } from './profile-marks.ts'
import { lostFacts, recordMissing, recovery } from './reconcile-run.ts'
import { runConfiguration } from './run-configuration.ts'
import type { Renewed, RunEvent, Submission } from './run-event.ts'
import { RunFolder } from './run-folder.ts'
import { keyIdOf, keyLabelOf } from './run-id.ts'
import { foldEntry, type RunRecord, type RunSummary, recordIn, recordOf } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

/** A run as whoever is asked about it sees it; good while the call lasts. */
export interface OpenRun {
  readonly id: string
  /** What it runs under: the profile as it was planned, with what has replaced single settings since. */
  readonly configuration: Configuration
  readonly record: RunRecord
}

/** An open run: its folder, its journal, and what the journal amounts to. Exists only inside `withRun` or `withNewRun`. */
export class Run implements OpenRun {
  readonly folder: RunFolder
  readonly configuration: Configuration
  readonly services: EnrollmentServices
  readonly ledger: Ledger
  /** Begun by this process, and not opened again. */
  readonly isNew: boolean
  readonly #journal: Journal
  /** Of the first so many entries of the journal. */
  #record: RunRecord | undefined
  #folded = 0
  #saidOfOrder: Fact<'order'> | undefined

  constructor(
    { folder, journal, ledger }: OpenedRun,
    configuration: Configuration,
    services: EnrollmentServices,
    isNew = false,
  ) {
    this.folder = folder
    this.ledger = ledger
    this.#journal = journal
    this.configuration = configuration
    this.services = services
    this.isNew = isNew
  }

  get id(): string {
    return this.folder.id
  }

  get record(): RunRecord {
    const { entries } = this.#journal
    for (const entry of entries.slice(this.#folded)) this.#record = foldEntry(this.#record, entry)
    this.#folded = entries.length
    if (this.#record === undefined) throw new Error('a journal without a plan was opened')
    return this.#record
  }

  get summary(): RunSummary & { readonly record: RunRecord } {
    return { id: this.id, folder: this.folder.path, record: this.record }
  }

  /** Was a new run refused for good before it asked the device or the CA for anything? `withNewRun` removes it then. */
  isDiscardedAfter(error: unknown): boolean {
    const asked = this.#journal.entries.some(({ event }) => !ASKS_NOTHING.includes(event.type))
    return this.isNew && !asked && isRefusal(error)
  }

  /** Does the journal have the entry of this hash, or know what became of it? */
  knows(hash: string): boolean {
    return this.#journal.entries.some(
      (entry) => entry.hash === hash || (entry.event.type === 'recovered' && entry.event.entries.includes(hash)),
    )
  }

  /** What it has said of its order since it was opened; undefined where the ledger could not take the last of it. */
  get saidOfOrder(): Fact<'order'> | undefined {
    return this.#saidOfOrder
  }

  /**
   * On disk when it resolves, and what outlives the run is in the ledger. What the ledger could not take is recorded when the run is
   * opened again; only what guards a key or an order has to be there before it, so that its failure is thrown.
   */
  async log(event: RunEvent): Promise<JournalEntry> {
    return (await this.#say(event, [])).entry
  }

  /**
   * The same of an intent, which takes the names of what it is about: also in the ledger there is none without the other. `take`: as
   * `Ledger.take`, for whoever has more to take and to say in the same step.
   */
  logIntent(
    event: Submission,
    names: readonly string[],
    take?: Ledger['take'],
  ): Promise<{ readonly entry: JournalEntry; readonly claims: readonly Claim[] }> {
    const entry = this.#journal.entries.at(-1)
    if (entry?.event !== event) return this.#say(event, names, take)
    // The run has begun with it.
    return this.#tellLedger(recordOf(this.#journal.entries.slice(0, -1)) ?? this.record, entry, names, take)
  }

  async #say(event: RunEvent, names: readonly string[], take?: Ledger['take']) {
    const before = this.record
    const entry = await this.#journal.append(event).catch(async (error: unknown) => {
      // The next who opens the journal would take what the disk did not confirm for begun.
      if (this.#journal.entries.at(-1)?.event === event) await this.#undo(event, error)
      throw error
    })
    return this.#tellLedger(before, entry, names, take)
  }

  async #tellLedger(
    before: RunRecord,
    entry: JournalEntry,
    names: readonly string[],
    take: Ledger['take'] = (...taking) => this.ledger.take(...taking),
  ) {
    const wishes = names.map((name): Wish => ({ name, run: this.id, intent: entry.hash }))
    const facts = factsOf(this.id, before, this.record, entry)
    const ofOrder = facts.findLast((fact) => fact.kind === 'order')
    if (ofOrder !== undefined) this.#saidOfOrder = undefined
    let claims: readonly Claim[] = []
    try {
      if (wishes.length + facts.length > 0) claims = await take(wishes, facts)
      // The journal has it, and says next that it came to nothing: the ledger must not be told of it after that.
      if (!areHeld(wishes, claims)) for (const fact of facts) await this.ledger.record(fact, true)
      this.#saidOfOrder ??= ofOrder
    } catch (error) {
      if (await this.#undo(entry.event, error)) throw error
      const why = error instanceof Error ? error.message : String(error)
      this.services.observer.step({
        step: 'ledger',
        status: 'waiting',
        detail: `the ledger could not be written: ${why}`,
      })
    }
    return { entry, claims }
  }

  /** Journals of an intent that it came to nothing; false for what is none. Throws EnrollError `order.unrecorded` for that of an order. */
  async #undo({ type }: RunEvent, why: unknown): Promise<boolean> {
    const undone = UNDONE[type]?.(why instanceof EnrollError ? why.message : UNWRITTEN)
    if (undone === undefined) return false
    await this.#journal.append(undone).catch((cause: unknown) => {
      throw type === 'submitting' ? unsent(this.id, cause) : cause
    })
    return true
  }
}

/** The journal will say that nobody knows: who is here does, and has to hear it. */
const unsent = (id: string, cause: unknown): EnrollError =>
  new EnrollError(
    'order.unrecorded',
    sentence(`Nothing was sent to the CA, but that could not be saved: ${(cause as Error).message}`),
    {
      remedy: `Write it down, make the disk writable again, then run \`hsm-enroll runs resolve ${id} --not-placed\`.`,
      cause,
    },
  )

/** What a run says before it asked the device for anything. */
const ASKS_NOTHING: readonly RunEvent['type'][] = ['planned', 'device-chosen', 'failed']

/** Events that are in the ledger before what they announce, and what is journalled if they cannot be: it was not done. */
const UNDONE: Readonly<Partial<Record<RunEvent['type'], (reason: string) => RunEvent>>> = {
  'key-requested': () => ({ type: 'key-refused' }),
  submitting: (reason) => ({ type: 'not-sent', reason }),
}
const UNWRITTEN = 'the journal or the ledger could not be written'

interface OpenedRun {
  readonly folder: RunFolder
  readonly journal: Journal
  readonly ledger: Ledger
}

/**
 * What the same run would meet again, so that a corrected one begins anew. A device that is away or busy may be there when the run is
 * resumed, and a login that it refused is worth its record: such runs are kept.
 */
const isRefusal = (error: unknown): boolean =>
  error instanceof EnrollError
    ? error.exitCode === EXIT.usage || error.exitCode === EXIT.refused
    : error instanceof DeviceError && REFUSALS.includes(error.code)

const REFUSALS: readonly DeviceErrorCode[] = [
  'device.uri',
  'device.settings',
  'device.lock',
  'device.unsupported',
  'device.refused',
  'device.obstacle',
  'pin.missing',
  'pin.malformed',
  'pin.final-try',
  'pin.wrong-before',
  'key.exists',
  'key.not-attestable',
  'key.not-found',
]

export interface NewRun {
  readonly configuration: Configuration
  readonly profile?: string
  readonly test: boolean
  readonly device: boolean
  readonly renews?: Renewed
  /** The runs of its profile that it is wanted beside. */
  readonly beside?: readonly string[] | undefined
  /** Given the id before anything has it: a caller that keeps it finds the run again, whatever ends the process. */
  readonly onNamed?: ((id: string) => void) | undefined
  /** What its profile is known by beside what this configuration says. */
  readonly marks?: readonly string[]
  /** Of a process that begins one run after another, over `RunFolder.home`. */
  readonly locks?: LinkedLocks
  /**
   * What `action` says first (`Run.logIntent`): one wait for the disk is for it and for the plan, where the run is locked before anybody
   * can see it.
   */
  readonly opening?: Submission
}

/**
 * Creates the folder, journals the plan, and gives the run to `action` under its lock. A run that is refused before it asked for
 * anything is removed again.
 */
export async function withNewRun<T>(
  plan: NewRun,
  services: EnrollmentServices,
  action: (run: Run) => Promise<T>,
): Promise<T> {
  const ledger = await openLedger(services)
  /** Where nobody else can have it before `action` does. */
  let held: Journal | undefined
  const folder = await RunFolder.create(
    services.stateDirectory,
    services.now(),
    async ({ id, journalFile, lockFile }) => {
      plan.onNamed?.(id)
      // The lock first: a name that is new after the journal would be another wait for the disk.
      const isLocked = (await plan.locks?.create(lockFile)) ?? false
      const more = isLocked && plan.opening !== undefined ? [plan.opening] : []
      const journal = await Journal.begin(journalFile, services.now, plannedEvent(plan, id), ...more)
      if (isLocked) held = journal
    },
  )
  let begun = false
  const underLock = (work: () => Promise<T>): Promise<T> =>
    held !== undefined
      ? work().finally(() => plan.locks?.release(folder.lockFile))
      : withProcessLock(folder.lockFile, `the run ${folder.id}`, work)
  return underLock(async () => {
    begun = true
    const journal = held?.movedTo(folder.journalFile) ?? (await Journal.open(folder.journalFile, services.now))
    const run = new Run({ folder, journal, ledger }, plan.configuration, services, true)
    return action(run).catch(async (error: unknown) => {
      // A folder that cannot be removed does no harm, and must not hide why the run was refused.
      if (run.isDiscardedAfter(error)) await folder.discard().catch(() => undefined)
      throw error
    })
  })
    .catch(async (error: unknown) => {
      const hasNoLock = error instanceof EnrollError && error.code === 'lock.unavailable'
      if (!begun && hasNoLock) await folder.discard().catch(() => undefined)
      throw error
    })
    .finally(() => tell(services, plan.configuration, folder))
}

/** Whoever is told must not hide how the run ended. */
const tell = async (services: EnrollmentServices, configuration: Configuration, { id }: RunFolder): Promise<void> =>
  services.tell?.(configuration, id).catch(() => undefined)

function plannedEvent({ configuration, profile, test, device, renews, beside, marks = [] }: NewRun, id: string) {
  const settings = settingsOf(configuration)
  const own = profile === undefined ? undefined : profileMarks(profile, settings)
  return {
    type: 'planned',
    settings,
    profile,
    profileMarks: own === undefined ? undefined : [...new Set([...own, ...marks])],
    renews,
    beside,
    test,
    device,
    keyLabel: keyLabelOf(id),
    keyId: Buffer.from(keyIdOf(id)).toString('hex'),
  } as const
}

/** What an existing run is changed by when it is opened: settings, and the profile that they come from. */
export interface RunChanges {
  readonly settings: Readonly<Record<string, string | readonly string[]>>
  readonly profile?: string
}

/**
 * Opens an existing run as it was planned. `changes` replace single settings from now on (a moved module, a corrected form);
 * what changed is journalled. What the journal has lost and the ledger has not is journalled, too. Throws EnrollError
 * `run.not-found`, `journal.damaged`, `ledger.damaged`, `lock.held`.
 */
export async function withRun<T>(
  id: string,
  services: EnrollmentServices,
  action: (run: Run) => Promise<T>,
  changes: RunChanges = { settings: {} },
): Promise<T> {
  const folder = await RunFolder.find(services.stateDirectory, id)
  let configuration: Configuration | undefined
  return withProcessLock(folder.lockFile, `the run ${folder.id}`, async () => {
    const journal = await Journal.open(folder.journalFile, services.now)
    const ledger = await openLedger(services)
    await reconcile(folder, journal, ledger)
    const record = recordIn(journal)
    const settings = await takeChanges(journal, record, changes)
    configuration = runConfiguration(folder.id, settings)
    return action(new Run({ folder, journal, ledger }, configuration, services))
  }).finally(() => (configuration === undefined ? undefined : tell(services, configuration, folder)))
}

/** Journal and ledger know what the other does when this resolves. */
async function reconcile(folder: RunFolder, journal: Journal, ledger: Ledger): Promise<void> {
  const said = await ledger.saidBy(folder.id)
  await recordMissing(ledger, folder.id, said, journal.entries)
  const lost = recovery(lostFacts(said, journal.entries))
  if (lost !== undefined) await journal.append(lost)
  const ahead = await artefactsAhead(folder, recordIn(journal))
  if (ahead !== undefined) await journal.append(ahead)
}

/** Journals what is new, and returns the settings in force. */
async function takeChanges(
  journal: Journal,
  record: RunRecord,
  { settings, profile }: RunChanges,
): Promise<RunRecord['settings']> {
  const changed = Object.fromEntries(
    Object.entries(settings).filter(([path, value]) => JSON.stringify(record.settings[path]) !== JSON.stringify(value)),
  )
  const all = { ...record.settings, ...changed }
  const marks = profile === undefined ? [] : profileMarks(profile, all)
  const known = marksOf(record)
  if (Object.keys(changed).length > 0 || marks.some((mark) => !known.includes(mark))) {
    await journal.append({ type: 'settings-changed', settings: changed, profile, profileMarks: marks })
  }
  return all
}
