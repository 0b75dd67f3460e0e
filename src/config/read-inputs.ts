import { readdirSync, type Stats, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EnrollError } from '../errors.ts'
import { MAX_INPUT, readInput } from './read-input.ts'

export interface NamedInput {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface Inputs {
  readonly files: readonly NamedInput[]
  /** How many of the paths were folders: then not every file need be of use. */
  readonly folders: number
}

/** More are no evidence and what belongs to it, but somebody's download folder. */
const MAX_FILES = 32

/**
 * Every file of the paths, `-` for stdin; of a folder those in it, by name, without hidden ones and folders. `read`: how each is read.
 * Throws EnrollError `input.…`.
 */
export async function readInputs(paths: readonly string[], read: typeof readInput = readInput): Promise<Inputs> {
  const files: NamedInput[] = []
  let folders = 0
  for (const path of paths) {
    const found = path === '-' ? undefined : filesOf(path)
    if (found !== undefined) folders++
    for (const file of found ?? [path]) files.push({ name: basename(file), bytes: await read(file) })
  }
  return { files, folders }
}

/** Undefined if the path is not a folder: then reading it says what it is. */
function filesOf(path: string): readonly string[] | undefined {
  if (statOf(path)?.isDirectory() !== true) return undefined
  const names = readdirSync(path)
    .filter((name) => !name.startsWith('.'))
    .sort()
  const files: string[] = []
  for (const name of names) {
    const found = statOf(join(path, name))
    if (found?.isFile() === true && found.size <= MAX_INPUT) files.push(join(path, name))
  }
  if (files.length > 0 && files.length <= MAX_FILES) return files
  throw new EnrollError(
    'input.directory',
    `Could not use the folder ${path}: it holds ${files.length === 0 ? 'no file that could be evidence' : `${files.length} files, more than ${MAX_FILES}`}.`,
    { remedy: 'Specify the files, or a folder with the evidence and what belongs to it.' },
  )
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch {
    // What cannot be looked at cannot be read either: reading it says why.
    return undefined
  }
}
