import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { createOnce } from '../files/create-once.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { mendFolder } from '../ledger/mend-folder.ts'
import { PostgresqlLedger } from '../ledger/postgresql/postgresql-ledger.ts'
import { bindLedger, refuseBound } from './bound-ledger.ts'
import { rebuildLedger } from './rebuild-ledger.ts'
import type { EnrollmentServices } from './services.ts'
import { syncLedger } from './sync-ledger.ts'

/** Says that everything that the journals knew when the ledger began is in it. */
const COMPLETE = 'complete'

/**
 * The ledger of a run's services: the one that was given, or else the folder beside the runs. One that is not there yet, or not any
 * more, is made from the journals first, so that "the ledger knows of none" means something. Throws EnrollError `ledger.damaged`,
 * and for one in a database `ledger.…`.
 */
export async function openLedger(
  services: Pick<EnrollmentServices, 'ledger' | 'stateDirectory' | 'now' | 'observer'>,
): Promise<Ledger> {
  if (services.ledger instanceof PostgresqlLedger) return bindLedger(services.ledger, services.stateDirectory)
  const ledger = peekLedger(services)
  if (ledger === services.ledger) return ledger
  const directory = folderOf(services)
  if (await exists(join(directory, COMPLETE))) return ledger
  const { runs, added } = await rebuildLedger(ledger, services.stateDirectory)
  await markComplete(directory, services.now())
  if (runs > 0) {
    const detail = `the ledger did not exist and was created from the journals: runs ${runs}, facts ${added}`
    services.observer.step({ step: 'ledger', status: 'done', detail })
  }
  return ledger
}

/**
 * The same without a write: what is not in it yet is in the journals alone. Throws EnrollError `ledger.elsewhere` for a state folder whose
 * ledger is in a database that the services have not.
 */
export function peekLedger(services: Pick<EnrollmentServices, 'ledger' | 'stateDirectory' | 'now'>): Ledger {
  if (services.ledger !== undefined) return services.ledger
  const refuse = (): void => refuseBound(services.stateDirectory)
  refuse()
  // A command that was at work when the folder was moved must not claim there what others claim in the database.
  return new FolderLedger(folderOf(services), services.now, refuse)
}

/**
 * `hsm-enroll ledger rebuild`: leaves out what cannot be read of a folder, keeping it beside, and takes from the journals what they know.
 * For when no other process uses the ledger. One in a database is synchronised, whatever others do.
 */
export async function mendLedger(
  setting: Pick<EnrollmentServices, 'ledger' | 'stateDirectory' | 'now'>,
): Promise<Awaited<ReturnType<typeof rebuildLedger>> & { readonly damaged: readonly string[] }> {
  if (setting.ledger instanceof PostgresqlLedger)
    return { damaged: [], ...(await syncLedger(setting.ledger, setting.stateDirectory)) }
  const directory = folderOf(setting)
  if (setting.ledger === undefined) refuseBound(setting.stateDirectory)
  const damaged = setting.ledger === undefined ? await mendFolder(directory) : []
  const rebuilt = await rebuildLedger(peekLedger(setting), setting.stateDirectory)
  if (setting.ledger === undefined) await markComplete(directory, setting.now())
  return { damaged, ...rebuilt }
}

async function markComplete(directory: string, now: number): Promise<void> {
  await makeDirectory(directory)
  await createOnce(join(directory, COMPLETE), `${new Date(now).toISOString()}\n`)
}

const folderOf = ({ stateDirectory }: Pick<EnrollmentServices, 'stateDirectory'>): string =>
  join(stateDirectory, 'ledger')

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
