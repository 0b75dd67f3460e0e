import { EnrollError } from '../errors.ts'
import type { PostgresqlLedger } from '../ledger/postgresql/postgresql-ledger.ts'
import { anotherDatabase, beingImported, readBinding, rememberLast, writeBinding } from './bound-ledger.ts'
import { claimNames, heldClaims } from './order-claims.ts'
import { journalsIn, type LedgerCheck, rebuildLedger } from './rebuild-ledger.ts'
import { recordOf } from './run-record.ts'

export interface LedgerSync extends LedgerCheck {
  /** Facts and claims that the database lacked. */
  readonly added: number
  /** Claims of orders that the journals know to be over. */
  readonly released: number
}

/**
 * Brings to the database what the journals of a state folder know and it does not: what happened while it was away, or after the copy
 * that was restored. Nothing is ordered. `importing`: this is the end of moving it there. Throws EnrollError `ledger.…`.
 */
export async function syncLedger(
  ledger: PostgresqlLedger,
  stateDirectory: string,
  { importing = false } = {},
): Promise<LedgerSync> {
  const id = await ledger.id()
  const binding = readable(stateDirectory)
  if (binding !== undefined && binding.ledger !== id) throw anotherDatabase(stateDirectory, binding, ledger.address)
  if (binding?.importing && !importing) throw beingImported(stateDirectory, binding.address)
  // Bound before anything is written: a folder that was cut off here must not go on without the database.
  if (binding === undefined) await writeBinding(stateDirectory, { ledger: id, address: ledger.address })
  const rebuilt = await rebuildLedger(ledger, stateDirectory)
  const released = await releaseOver(ledger, stateDirectory)
  // Written even where nothing was missing: what the folder remembered may have been lost.
  await ledger.transactions.run(async () => undefined)
  await rememberLast(ledger, stateDirectory, id)
  return { ...rebuilt, released }
}

/** A binding that cannot be read is replaced here; which database is meant is the configuration's to say. */
function readable(stateDirectory: string): ReturnType<typeof readBinding> {
  try {
    return readBinding(stateDirectory)
  } catch (error) {
    if (error instanceof EnrollError && error.code === 'ledger.damaged') return undefined
    throw error
  }
}

/** An outcome that was journalled while the database was away: the run needs the names no more, and nobody else could have them. */
async function releaseOver(ledger: PostgresqlLedger, stateDirectory: string): Promise<number> {
  let released = 0
  for await (const journal of journalsIn(stateDirectory)) {
    if ('fault' in journal) continue
    const record = recordOf(journal.entries)
    if (record?.submission === undefined) continue
    const known = new Set(journal.entries.map(({ hash }) => hash))
    const held = new Set(heldClaims(record).map(({ name }) => name))
    for (const name of claimNames(record.submission)) {
      if (held.has(name)) continue
      const claim = await ledger.claimOf(name)
      if (claim?.run !== journal.run || !known.has(claim.intent)) continue
      await ledger.release(name, journal.run, claim.fence)
      released++
    }
  }
  return released
}
