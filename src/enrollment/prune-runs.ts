import { statSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EnrollError } from '../errors.ts'
import { withProcessLock } from '../files/process-lock.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { Journal } from './journal.ts'
import { openLedger } from './open-ledger.ts'
import { DRAFT, listRunIds, RunFolder } from './run-folder.ts'
import { type RunRecord, recordIn } from './run-record.ts'
import type { EnrollmentServices } from './services.ts'

/** A folder that is being filled is younger. */
const DRAFT_AGE = 3_600_000

/**
 * Removes the runs that made nothing: no key was asked for, no order was sent, and neither the ledger nor a file in the folder says
 * otherwise. A run that another process has is left. Returns the ids of what was removed, or with `dryRun` of what would be.
 */
export async function pruneRuns(services: EnrollmentServices, dryRun: boolean): Promise<readonly string[]> {
  const ledger = await openLedger(services)
  const pruned: string[] = []
  for (const id of await listRunIds(services.stateDirectory)) {
    const folder = RunFolder.at(services.stateDirectory, id)
    if (!(await madeNothing(ledger, folder))) continue
    const removed = dryRun || (await remove(ledger, folder))
    if (removed) pruned.push(id)
  }
  if (!dryRun) await removeDrafts(join(services.stateDirectory, 'runs'), services.now())
  return pruned
}

async function madeNothing(ledger: Ledger, folder: RunFolder): Promise<boolean> {
  if (!(await folder.isBare()) || (await ledger.saidBy(folder.id)).length > 0) return false
  const record = await readRecord(folder)
  return record === undefined || (record.keyRequested === undefined && record.submission === undefined)
}

/** Undefined for a journal that cannot be read: then folder and ledger alone speak. */
async function readRecord(folder: RunFolder): Promise<RunRecord | undefined> {
  try {
    return recordIn(await Journal.open(folder.journalFile, Date.now))
  } catch (error) {
    if (error instanceof EnrollError) return undefined
    throw error
  }
}

async function remove(ledger: Ledger, folder: RunFolder): Promise<boolean> {
  try {
    return await withProcessLock(folder.lockFile, `the run ${folder.id}`, async () => {
      // It may have gone on since it was looked at.
      if (!(await madeNothing(ledger, folder))) return false
      await folder.discard()
      return true
    })
  } catch (error) {
    if (folder.isGone() || (error instanceof EnrollError && error.code === 'lock.held')) return false
    throw error
  }
}

/** What a crash left of a run before it was one. */
async function removeDrafts(runs: string, now: number): Promise<void> {
  const names = await readdir(runs).catch(() => [])
  for (const name of names.filter((each) => each.startsWith(DRAFT))) {
    const path = join(runs, name)
    // It may have become a run.
    const mtimeMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now
    if (now - mtimeMs > DRAFT_AGE) await rm(path, { recursive: true, force: true })
  }
}
