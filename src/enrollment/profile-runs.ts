import { EnrollError } from '../errors.ts'
import type { RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { artefactsAhead } from './artefacts-ahead.ts'
import { Journal } from './journal.ts'
import { isSameProfile, marksOf } from './profile-marks.ts'
import { lostFacts, recovery } from './reconcile-run.ts'
import type { RunEvent } from './run-event.ts'
import { RunFolder } from './run-folder.ts'
import { type IndexedRun, inAscii, indexedRuns } from './run-index.ts'
import { foldEntry, type RunRecord, type RunSummary, recordIn } from './run-record.ts'

/** A run that can be read. */
export type KnownRun = RunSummary & { readonly record: RunRecord }

export interface ProfileRuns {
  /** As the journals say, and the ledger where a journal has lost its end. */
  readonly runs: readonly KnownRun[]
  /**
   * Runs whose journal cannot be read, and that have ordered for this profile as far as the ledger knows; or may have, where it knows
   * nothing of the run, and its folder has more than a plan.
   */
  readonly damaged: readonly IndexedRun[]
}

/**
 * Every run of a profile, by whatever it is known. Takes no lock; `keep`: what was read of all runs is kept in their index. Throws
 * EnrollError `ledger.damaged`, `journal.damaged`.
 */
export async function runsOfProfile(
  ledger: Ledger,
  stateDirectory: string,
  marks: readonly string[],
  { keep }: { readonly keep: boolean },
): Promise<ProfileRuns> {
  const runs: KnownRun[] = []
  const damaged: IndexedRun[] = []
  for await (const run of indexedRuns(stateDirectory, { keep, wanted: mayBeOf(marks) })) {
    if (run.digest === undefined) {
      const said = await ledger.saidBy(run.id)
      const known = said.some((fact) => isOrderFor(fact, marks))
      if (known || (await isLost(RunFolder.at(stateDirectory, run.id), said))) damaged.push(run)
    } else if (isSameProfile(marks, marksOf(run.digest))) {
      try {
        runs.push(await knownRun(ledger, stateDirectory, run.id))
      } catch (error) {
        if (!RunFolder.at(stateDirectory, run.id).isGone()) throw error
      }
    }
  }
  return { runs, damaged }
}

/**
 * Have the journal and the ledger both lost a run that was more than a plan, as what it made in its folder tells? Then nobody knows for
 * which profile it was, nor whether it ordered.
 */
export const isLost = async (folder: RunFolder, said: readonly RecordedFact[]): Promise<boolean> =>
  said.length === 0 && !(await folder.isBare())

/** Is one of the marks in a digest, by itself or as the path of the profile? One of an older run, without marks, may be any. */
function mayBeOf(marks: readonly string[]): (digest: string) => boolean {
  const texts = marks.flatMap((mark) => [mark, mark.replace(/^path /, '')]).map((text) => inAscii(JSON.stringify(text)))
  return (digest) => !digest.includes('"profileMarks":') || texts.some((text) => digest.includes(text))
}

/** What the ledger remembers of a journal that has lost its end counts, as it will when the run is opened. */
export async function knownRun(ledger: Ledger, stateDirectory: string, id: string): Promise<KnownRun> {
  const folder = RunFolder.at(stateDirectory, id)
  const journal = await Journal.open(folder.journalFile, Date.now)
  const lost = recovery(lostFacts(await ledger.saidBy(id), journal.entries))
  const known = withEvent(recordIn(journal), lost)
  return { id, folder: folder.path, record: withEvent(known, await artefactsAhead(folder, known)) }
}

/** The record of a run, as `knownRun` has it; undefined if its journal cannot be read. */
export async function readableRecord(
  ledger: Ledger,
  stateDirectory: string,
  id: string,
): Promise<RunRecord | undefined> {
  try {
    return (await knownRun(ledger, stateDirectory, id)).record
  } catch (error) {
    if (error instanceof EnrollError && error.code === 'journal.damaged') return undefined
    throw error
  }
}

const withEvent = (record: RunRecord, event: RunEvent | undefined): RunRecord =>
  event === undefined
    ? record
    : (foldEntry(record, { seq: 0, previous: '', hash: '', time: record.updatedAt, event }) ?? record)

/** An order that may have been paid: nothing says of it that there is none. */
const isOrderFor = (fact: RecordedFact, marks: readonly string[]): boolean =>
  fact.kind === 'order' && !fact.test && isSameProfile(marks, fact.profile ?? [])
