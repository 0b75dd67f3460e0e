import { stat } from 'node:fs/promises'
import { abandonRun } from '../enrollment/abandon-run.ts'
import { Journal } from '../enrollment/journal.ts'
import { claimNames } from '../enrollment/order-claims.ts'
import { listRunIds, RunFolder } from '../enrollment/run-folder.ts'
import { recordIn } from '../enrollment/run-record.ts'
import { EnrollError } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { DeskSetting } from './desk-setting.ts'
import { withOwnRun } from './follow-order.ts'
import { PLACING } from './order-state.ts'

/**
 * Takes back what this broker meant to order when it died before the ledger had it: nothing is sent before the claim is there. Until
 * then every broker takes the request for one that is about to be placed. Older ones are nobody's hindrance any more, and the ledger may
 * have lost since what it had of them: those are a person's.
 */
export async function takeBackUnsaid(setting: DeskSetting, ledger: Ledger): Promise<void> {
  const { stateDirectory, now } = setting.services
  for (const id of await listRunIds(stateDirectory)) {
    const { journalFile } = RunFolder.at(stateDirectory, id)
    if (!(await isSubmitting(journalFile, now() - PLACING))) continue
    await withOwnRun(setting, id, async (run) => {
      const { state, submission } = run.record
      if (state !== 'submitting' || submission === undefined) return
      for (const name of claimNames(submission)) if ((await ledger.claimOf(name))?.run === id) return
      await run.log({ type: 'not-sent', reason: 'the broker ended before the ledger had its intent' })
      await abandonRun(run, false, 'the broker, which sent nothing')
    })
  }
}

/** Was it written since then, and does it end with an intent? What cannot be read is nobody's intent to take back. */
async function isSubmitting(journalFile: string, since: number): Promise<boolean> {
  try {
    if ((await stat(journalFile)).mtimeMs < since) return false
    return recordIn(await Journal.open(journalFile, Date.now)).state === 'submitting'
  } catch (error) {
    if (error instanceof EnrollError || (error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
