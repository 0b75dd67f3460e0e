import { withProcessLock } from '../files/process-lock.ts'
import { Journal } from './journal.ts'
import { withRun } from './run.ts'
import { RunFolder } from './run-folder.ts'
import type { RunSummary } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

export interface Repaired {
  readonly run: RunSummary
  /** Where the damaged journal is kept; absent where the journal was sound. */
  readonly kept?: string
}

/**
 * Keeps of a damaged journal what can be trusted, and takes from the ledger what it knows of the rest: an order among it is unknown
 * then. Throws EnrollError `journal.damaged` where not even the plan can be read.
 */
export async function repairRun(id: string, services: EnrollmentServices): Promise<Repaired> {
  const folder = await RunFolder.find(services.stateDirectory, id)
  const kept = await withProcessLock(folder.lockFile, `the run ${folder.id}`, () => Journal.repair(folder.journalFile))
  return withRun(folder.id, services, async ({ summary }) => ({ run: summary, kept }))
}
