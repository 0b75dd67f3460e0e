import { DeviceError, type DeviceErrorCode } from '../../devices/device.ts'
import { Configuration } from '../config/configuration.ts'
import { EnrollError, EXIT } from '../errors.ts'
import { withProcessLock } from '../files/process-lock.ts'
import { Journal } from './journal.ts'
import type { RunEvent } from './run-event.ts'
import { RunFolder } from './run-folder.ts'
import { keyIdOf, keyLabelOf } from './run-id.ts'
import { type RunRecord, type RunSummary, recordOf } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

/** An open run: its folder, its journal, and what the journal amounts to. Exists only inside `withRun` or `withNewRun`. */
export class Run {
  readonly folder: RunFolder
  readonly configuration: Configuration
  readonly services: EnrollmentServices
  readonly #journal: Journal
  readonly #isNew: boolean

  constructor(
    folder: RunFolder,
    journal: Journal,
    configuration: Configuration,
    services: EnrollmentServices,
    isNew = false,
  ) {
    this.folder = folder
    this.#journal = journal
    this.configuration = configuration
    this.services = services
    this.#isNew = isNew
  }

  get id(): string {
    return this.folder.id
  }

  get record(): RunRecord {
    const record = recordOf(this.#journal.entries)
    if (record === undefined) throw unplanned(this.folder)
    return record
  }

  get summary(): RunSummary & { readonly record: RunRecord } {
    return { id: this.id, folder: this.folder.path, record: this.record }
  }

  /** Was a new run refused for good before it asked the device or the CA for anything? `withNewRun` removes it then. */
  isDiscardedAfter(error: unknown): boolean {
    const asked = this.#journal.entries.some(({ event }) => event.type !== 'planned' && event.type !== 'failed')
    return this.#isNew && !asked && isRefusal(error)
  }

  /** On disk when it resolves. */
  async log(event: RunEvent): Promise<void> {
    await this.#journal.append(event)
  }
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
  'device.unsupported',
  'device.refused',
  'device.obstacle',
  'pin.missing',
  'pin.malformed',
  'pin.final-try',
  'key.not-attestable',
  'key.not-found',
]

const unplanned = (folder: RunFolder): EnrollError =>
  new EnrollError('run.unplanned', `Could not go on with the run ${folder.id}: it ended before its plan was written.`, {
    remedy: `Nothing was made or sent. Remove ${folder.path} and begin a new run.`,
  })

export interface NewRun {
  readonly configuration: Configuration
  readonly profile?: string
  readonly test: boolean
  readonly device: boolean
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
  const folder = await RunFolder.create(services.stateDirectory, services.now())
  return withProcessLock(folder.lockFile, `the run ${folder.id}`, async () => {
    const journal = await Journal.open(folder.journalFile, services.now)
    await journal.append({
      type: 'planned',
      settings: Object.fromEntries([...plan.configuration.values].map(([path, { value }]) => [path, value])),
      ...(plan.profile === undefined ? {} : { profile: plan.profile }),
      test: plan.test,
      device: plan.device,
      keyLabel: keyLabelOf(folder.id),
      keyId: Buffer.from(keyIdOf(folder.id)).toString('hex'),
    })
    const run = new Run(folder, journal, plan.configuration, services, true)
    return action(run).catch(async (error: unknown) => {
      // A folder that cannot be removed does no harm, and must not hide why the run was refused.
      if (run.isDiscardedAfter(error)) await folder.discard().catch(() => undefined)
      throw error
    })
  })
}

/**
 * Opens an existing run as it was planned. `overrides` replace single settings from now on (a moved module, a corrected form);
 * what changed is journalled.
 */
export async function withRun<T>(
  id: string,
  services: EnrollmentServices,
  action: (run: Run) => Promise<T>,
  overrides: Readonly<Record<string, string | readonly string[]>> = {},
): Promise<T> {
  const folder = await RunFolder.find(services.stateDirectory, id)
  return withProcessLock(folder.lockFile, `the run ${folder.id}`, async () => {
    const journal = await Journal.open(folder.journalFile, services.now)
    const record = recordOf(journal.entries)
    if (record === undefined) throw unplanned(folder)
    const changed = Object.entries(overrides).filter(
      ([path, value]) => JSON.stringify(record.settings[path]) !== JSON.stringify(value),
    )
    if (changed.length > 0) await journal.append({ type: 'settings-changed', settings: Object.fromEntries(changed) })
    const settings = { ...record.settings, ...Object.fromEntries(changed) }
    const origin = `run ${folder.id}`
    const values = new Map(
      Object.entries(settings).map(([path, value]) => [path, { value, origin, layer: 'run' as const }]),
    )
    return action(new Run(folder, journal, new Configuration(values), services))
  })
}
