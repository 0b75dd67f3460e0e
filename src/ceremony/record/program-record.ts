import { access, constants, stat } from 'node:fs/promises'
import { delimiter, resolve, sep } from 'node:path'
import type { ProgramRun, ProgramWatch } from '../../../devices/run-program.ts'
import { fileFault } from '../../files/bounded-file.ts'
import { readJson, writeJson } from './json-file.ts'
import { fileSha256 } from './tool-record.ts'

/** Name in the folder of a ceremony, and in its bundle. */
export const PROGRAMS_FILE = 'programs.json'

/** A program that was run, as its file was just before. What it was passed may be a secret, and is not recorded. */
export interface RecordedProgram {
  readonly path: string
  readonly sha256?: string
  /** Why it has no hash: it may be run, but not read. */
  readonly fault?: string
}

/** Takes note of every program in `file`, on disk before it is started; one that was replaced meanwhile is there twice. */
export function recordPrograms(file: string): ProgramWatch {
  let turn: Promise<void> = Promise.resolve()
  const note = async (run: ProgramRun): Promise<void> => {
    const path = await locate(run)
    // What is not found is not started either, and whoever wanted it says so.
    if (path === undefined) return
    const program = { path, ...(await hashOf(path)) } satisfies RecordedProgram
    const known = ((await readJson(file)) ?? []) as readonly RecordedProgram[]
    if (known.some((each) => each.path === path && each.sha256 === program.sha256)) return
    await writeJson(file, [...known, program])
  }
  // One after the other: two that start at once must not write over each other.
  return (run) => {
    const noted = turn.then(() => note(run))
    turn = noted.catch(() => undefined)
    return noted
  }
}

async function hashOf(path: string): Promise<Omit<RecordedProgram, 'path'>> {
  try {
    return { sha256: await fileSha256(path) }
  } catch (error) {
    return { fault: fileFault(error) }
  }
}

/** The file that the system will run: a path as it is, a name as the PATH of its environment has it. */
async function locate({ command, environment }: ProgramRun): Promise<string | undefined> {
  const isPath = command.includes('/') || command.includes(sep)
  const folders = isPath ? ['.'] : (environment.PATH ?? '').split(delimiter)
  for (const folder of folders) {
    const path = resolve(folder, command)
    if (await isExecutable(path)) return path
  }
  return undefined
}

const isExecutable = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
