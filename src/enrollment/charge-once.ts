import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { EnrollError } from '../errors.ts'
import { createOnce } from '../files/create-once.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { syncDirectory } from '../files/sync-directory.ts'
import type { ChangeOutcome } from '../sectigo/change-outcome.ts'

/** A debit that is no order: a marker on disk before the POST, kept unless the CA said that nothing happened. */
export async function chargeOnce(
  stateDirectory: string,
  name: string,
  send: () => Promise<ChangeOutcome>,
): Promise<ChangeOutcome> {
  const folder = join(stateDirectory, 'orders')
  await makeDirectory(folder)
  const file = join(folder, name.replace(/[^\w#-]/g, '_'))
  if (!(await createOnce(file, `${new Date().toISOString()}\n`))) {
    throw new EnrollError('order.charged', `Could not send "${name}": it has already been sent.`, {
      remedy: `Check the order first. If the CA never received the request, delete ${file}.`,
    })
  }
  await syncDirectory(folder)
  const outcome = await send().catch(async (error: unknown) => {
    // A call reports every end after the connection as data: what it throws (a bad number, no login) was thrown before.
    if (error instanceof EnrollError) await unlink(file)
    throw error
  })
  const certain = outcome.kind === 'rejected' && outcome.refusal.doubtful !== true
  if (certain || outcome.kind === 'not-sent') await unlink(file)
  return outcome
}
