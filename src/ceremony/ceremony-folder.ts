import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newRunId } from '../enrollment/run-id.ts'
import { EnrollError } from '../errors.ts'
import { makeDirectory } from '../files/make-directory.ts'

/** Names in the folder of a ceremony, and below `ceremony/` in its bundle. */
export const CEREMONY_FILES = {
  script: 'script.yaml',
  log: 'log.jsonl',
  tool: 'tool.json',
  toolFiles: 'tool-files.sums',
} as const

const placeOf = (stateDirectory: string): string => join(stateDirectory, 'ceremonies')

/** A new folder with a copy of the script. */
export async function createCeremonyFolder(stateDirectory: string, script: string, now: number): Promise<string> {
  const ceremonies = placeOf(stateDirectory)
  await makeDirectory(ceremonies)
  const folder = join(ceremonies, newRunId(now))
  await mkdir(folder, { mode: 0o700 })
  await copyFile(script, join(folder, CEREMONY_FILES.script))
  return folder
}

/** By id, or an unambiguous end of it. Throws EnrollError `ceremony.not-found`. */
export async function findCeremonyFolder(stateDirectory: string, id: string): Promise<string> {
  const names = await ceremonyIds(stateDirectory)
  const [only, ...more] = names.filter((name) => name === id || name.endsWith(`-${id}`))
  if (only !== undefined && more.length === 0) return join(placeOf(stateDirectory), only)
  throw new EnrollError('ceremony.not-found', `Could not find the ceremony "${id}" in ${placeOf(stateDirectory)}.`, {
    remedy:
      names.length === 0
        ? 'Begin one with `hsm-enroll ceremony run SCRIPT --profile PROFILE`.'
        : `Use one of ${names.join(', ')}.`,
  })
}

/** The folder of the ceremony that generated the key of a run; undefined if there was none. */
export async function ceremonyOfRun(stateDirectory: string, run: string): Promise<string | undefined> {
  for (const id of await ceremonyIds(stateDirectory)) {
    const folder = join(placeOf(stateDirectory), id)
    const log = await readFile(join(folder, CEREMONY_FILES.log), 'utf8').catch(() => '')
    if (log.includes(`"type":"run","run":"${run}"`)) return folder
  }
  return undefined
}

async function ceremonyIds(stateDirectory: string): Promise<readonly string[]> {
  const names = await readdir(placeOf(stateDirectory)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.sort()
}
