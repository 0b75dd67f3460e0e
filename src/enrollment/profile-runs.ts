import type { RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { artefactsAhead } from './artefacts-ahead.ts'
import { Journal } from './journal.ts'
import { isSameProfile, marksOf } from './profile-marks.ts'
import { lostFacts, recovery } from './reconcile-run.ts'
import type { RunEvent } from './run-event.ts'
import { RunFolder } from './run-folder.ts'
import { foldEntry, listRuns, type RunRecord, type RunSummary, recordOf } from './run-record.ts'

/** A run that can be read. */
export type KnownRun = RunSummary & { readonly record: RunRecord }

export interface ProfileRuns {
  /** As the journals say, and the ledger where a journal has lost its end. */
  readonly runs: readonly KnownRun[]
  /** Runs whose journal cannot be read, and that have ordered for this profile as far as the ledger knows. */
  readonly damaged: readonly RunSummary[]
}

/** Every run of a profile, by whatever it is known. Takes no lock. Throws EnrollError `ledger.damaged`. */
export async function runsOfProfile(
  ledger: Ledger,
  stateDirectory: string,
  marks: readonly string[],
): Promise<ProfileRuns> {
  const runs: KnownRun[] = []
  const damaged: RunSummary[] = []
  for (const run of await listRuns(stateDirectory)) {
    const { id, folder, record } = run
    if (record === undefined) {
      if ((await ledger.saidBy(id)).some((fact) => isOrderFor(fact, marks))) damaged.push(run)
    } else if (isSameProfile(marks, marksOf(record)))
      runs.push({ id, folder, record: await knownRecord(ledger, stateDirectory, id, record) })
  }
  return { runs, damaged }
}

/** What the ledger remembers of a journal that has lost its end counts, as it will when the run is opened. */
async function knownRecord(ledger: Ledger, stateDirectory: string, id: string, record: RunRecord): Promise<RunRecord> {
  const folder = RunFolder.at(stateDirectory, id)
  const { entries } = await Journal.open(folder.journalFile, Date.now)
  const lost = recovery(lostFacts(await ledger.saidBy(id), entries))
  const known = withEvent(recordOf(entries) ?? record, lost)
  return withEvent(known, await artefactsAhead(folder, known))
}

const withEvent = (record: RunRecord, event: RunEvent | undefined): RunRecord =>
  event === undefined
    ? record
    : (foldEntry(record, { seq: 0, previous: '', hash: '', time: record.updatedAt, event }) ?? record)

/** An order that may have been paid: nothing says of it that there is none. */
const isOrderFor = (fact: RecordedFact, marks: readonly string[]): boolean =>
  fact.kind === 'order' && !fact.test && isSameProfile(marks, fact.profile ?? [])
