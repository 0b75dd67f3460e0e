import { readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ledger } from '../ledger/ledger.ts'
import { NOBODY_KNOWN } from '../ledger/mend-folder.ts'
import { isRunId } from './run-id.ts'

/** A run that orders for a key left a file here before there was a ledger: its name is that of the claim, its text the run. */
const FOLDER = 'orders'

/** Takes those files into the ledger as claims. Returns how many; the others that are there stay. */
export async function takeOldMarkers(ledger: Ledger, stateDirectory: string): Promise<number> {
  const folder = join(stateDirectory, FOLDER)
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  let taken = 0
  for (const name of names) {
    if (!/^([0-9a-f]{64}|form-[0-9a-f]{64})(\.test)?$/.test(name)) continue
    const run = (await readFile(join(folder, name), 'utf8')).trim()
    // One that names nobody still speaks for an order that somebody placed.
    await ledger.claim(name, isRunId(run) ? run : NOBODY_KNOWN, NOBODY_KNOWN)
    await unlink(join(folder, name))
    taken++
  }
  return taken
}
