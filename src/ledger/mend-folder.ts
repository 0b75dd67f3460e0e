import { randomBytes } from 'node:crypto'
import { readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createOnce } from '../files/create-once.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { syncDirectory } from '../files/sync-directory.ts'
import { FACT_KINDS } from './fact.ts'
import { isSubjectFile, ROOMS, readClaim } from './folder-ledger.ts'
import { readLinesLeniently, writeLines } from './line-file.ts'

/** Who holds a name whose claim cannot be read: somebody, until a journal says who. */
export const NOBODY_KNOWN = 'unknown'

/**
 * Makes a damaged ledger readable: lines that are not as they were written are left out, the damaged file is kept in `damaged`.
 * A claim that cannot be read stays a claim. For when nothing else uses the ledger. Returns the files that were damaged.
 */
export async function mendFolder(directory: string): Promise<readonly string[]> {
  const mended: string[] = []
  for (const room of [...FACT_KINDS, ROOMS.runs]) {
    for (const name of await namesIn(join(directory, room))) {
      const file = join(directory, room, name)
      const { lines, bad } = await readLinesLeniently(file)
      if (bad.length === 0) continue
      await setAside(directory, file, `${room}-${name}`)
      if (lines.length > 0) await writeLines(file, lines)
      mended.push(file)
    }
  }
  for (const name of await namesIn(join(directory, ROOMS.claims))) {
    const file = join(directory, ROOMS.claims, name)
    if (await isReadableClaim(file)) continue
    await setAside(directory, file, `${ROOMS.claims}-${name}`)
    const claimed = nameOfClaim(name)
    if (claimed !== undefined) await createOnce(file, claimText(claimed))
    mended.push(file)
  }
  return mended
}

const claimText = (name: string): string =>
  `${JSON.stringify({ name, run: NOBODY_KNOWN, intent: NOBODY_KNOWN, time: new Date(0).toISOString() })}\n`

/** What an order claims is spelt in the name of its file; other claims are those of a process that runs, or nobody's. */
const nameOfClaim = (file: string): string | undefined =>
  /^((?:form-|renewal-|owner-|decision-)?[0-9a-f]{64}(?:\.test)?)\.[0-9a-f]{16}$/.exec(file)?.[1]

async function isReadableClaim(file: string): Promise<boolean> {
  try {
    readClaim(file, await readFile(file, 'utf8'))
    return true
  } catch {
    return false
  }
}

async function setAside(directory: string, file: string, name: string): Promise<void> {
  const folder = join(directory, 'damaged')
  await makeDirectory(folder)
  await rename(file, join(folder, `${name}.${randomBytes(4).toString('hex')}`))
  await syncDirectory(folder)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  // What a crash left of a file that was to appear goes, too.
  for (const name of names.filter((each) => /\.[0-9a-f]{16}\.[0-9a-f]{12}$/.test(each)))
    await unlink(join(folder, name))
  return names.filter(isSubjectFile)
}
