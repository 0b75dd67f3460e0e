import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileFault } from '../../files/bounded-file.ts'
import { othersMay } from '../../files/others-may.ts'
import type { Complaint, Finding } from './finding.ts'

/** What a run writes at most before its certificate is in: journal, evidence, chains, the ledger's lines; with room for all of them. */
const NEEDED_BYTES = 1 << 20

/**
 * A run begins with a folder of its own, and each step is on disk before the next. A disk that takes none of it is found by trying, since
 * neither permissions nor free blocks tell it all; nothing of the trial stays.
 */
export async function judgeState(stateDirectory: string): Promise<readonly Finding[]> {
  const runs = join(stateDirectory, 'runs')
  try {
    await tryToWrite(await nearestAbove(runs))
  } catch (error) {
    return [
      {
        area: 'program',
        severity: 'blocker',
        code: 'program.state-directory',
        message: `Could not store runs in ${runs}: ${fileFault(error)}.`,
        remedy: isFull(error)
          ? 'Free at least 1 MiB there, or set stateDirectory (or --state-directory) to another disk.'
          : 'Grant this user access to the folder, or set stateDirectory (or --state-directory) to another one.',
      },
    ]
  }
  const open = await openState(stateDirectory)
  return open === undefined ? [{ area: 'program', severity: 'ok', message: `runs are stored in ${runs}` }] : [open]
}

/** Runs and ledger say what was paid for: who else may rename or remove them has a say in it. */
export async function openState(stateDirectory: string): Promise<Complaint | undefined> {
  for (const folder of [stateDirectory, join(stateDirectory, 'runs'), join(stateDirectory, 'ledger')]) {
    const others = await othersMay('write', folder)
    if (others === undefined) continue
    return {
      area: 'program',
      severity: 'warning',
      code: 'program.state-open',
      message: `other users can change what is stored in ${folder} (${others}): runs, orders and the ledger`,
      remedy: `Take that right from them: chmod go-w '${folder.replaceAll("'", "'\\''")}'.`,
    }
  }
  return undefined
}

async function tryToWrite(parent: string): Promise<void> {
  const folder = await mkdtemp(join(parent, '.hsm-enroll-'))
  try {
    const file = await open(join(folder, 'trial'), 'wx', 0o600)
    try {
      // Not zeros: a file system may keep those for nothing.
      await file.writeFile(Buffer.alloc(NEEDED_BYTES, 0x68))
      await file.sync()
    } finally {
      await file.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const isFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')

/** The path itself, or the nearest one above it that is there. */
async function nearestAbove(path: string): Promise<string> {
  try {
    await stat(path)
    return path
  } catch (error) {
    const above = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error
    return nearestAbove(above)
  }
}
