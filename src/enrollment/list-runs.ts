import { EnrollError } from '../errors.ts'
import { Journal } from './journal.ts'
import { listRunIds, RunFolder } from './run-folder.ts'
import { type RunSummary, recordIn } from './run-record.ts'

/**
 * Every run, oldest first, without taking a lock.
 *
 * @param stateDirectory - The folder that `RealServicesOptions.stateDirectory` specifies; one that is not there has no runs.
 * @returns One entry a run; `fault` for one whose journal cannot be trusted.
 * @throws Nothing but what the disk does (an Error with its code).
 * @example
 * ```ts
 * for (const { id, record, fault } of await listRuns('/var/lib/hsm-enroll')) console.log(id, record?.state ?? fault?.code)
 * ```
 */
export async function listRuns(stateDirectory: string): Promise<readonly RunSummary[]> {
  const runs: RunSummary[] = []
  for (const id of await listRunIds(stateDirectory)) {
    const run = await readListed(stateDirectory, id)
    if (run !== undefined) runs.push(run)
  }
  return runs.sort((a, b) => (beginningOf(a.id, a.record) < beginningOf(b.id, b.record) ? -1 : 1))
}

/** The day is in the id; the time of day only in the journal. */
export const beginningOf = (id: string, record: { readonly startedAt: string } | undefined): string =>
  record?.startedAt ?? id

/** A run that was listed; undefined if it has been removed since. Takes no lock. */
export async function readListed(stateDirectory: string, id: string): Promise<RunSummary | undefined> {
  const run = await readRun(stateDirectory, id)
  return run.record === undefined && RunFolder.at(stateDirectory, id).isGone() ? undefined : run
}

/** A run whose whole id is known to be there. Takes no lock. */
export async function readRun(stateDirectory: string, id: string): Promise<RunSummary> {
  const { path: folder, journalFile } = RunFolder.at(stateDirectory, id)
  try {
    return { id, folder, record: recordIn(await Journal.open(journalFile, Date.now)) }
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    return { id, folder, fault: { code: error.code, message: error.message } }
  }
}
