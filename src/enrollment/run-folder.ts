import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { didYouMeanHint } from '../did-you-mean.ts'
import { EnrollError } from '../errors.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { replaceFile } from '../files/replace-file.ts'
import { syncDirectory, syncTogether } from '../files/sync-directory.ts'
import { sha256Hex } from '../sha256-hex.ts'
import type { Artefact } from './run-event.ts'
import { isRunId, newRunId } from './run-id.ts'

const MAX_ARTEFACT = 4 * 1024 * 1024

/** Before the name of a folder that is being filled, or removed. */
export const DRAFT = '.new-'

/** One run's folder: `journal.jsonl`, `lock`, and the artefacts as files that a person can open. */
export class RunFolder {
  readonly id: string
  readonly path: string

  private constructor(id: string, path: string) {
    this.id = id
    this.path = path
  }

  get journalFile(): string {
    return join(this.path, 'journal.jsonl')
  }

  get lockFile(): string {
    return join(this.path, 'lock')
  }

  /**
   * A new folder, which appears with what `fill` puts into it or not at all: a run that can be seen has its plan, so that one without
   * has lost it.
   */
  static async create(
    stateDirectory: string,
    now: number,
    fill: (draft: RunFolder) => Promise<unknown>,
  ): Promise<RunFolder> {
    const runs = RunFolder.home(stateDirectory)
    const id = newRunId(now)
    const draft = new RunFolder(id, join(runs, `${DRAFT}${id}`))
    try {
      mkdirSync(draft.path, { mode: 0o700 })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      await makeDirectory(runs)
      mkdirSync(draft.path, { mode: 0o700 })
    }
    try {
      await fill(draft)
      await syncDirectory(draft.path)
      renameSync(draft.path, join(runs, id))
      await syncTogether(runs)
    } catch (error) {
      // Nobody goes on with a run that could not be begun, under whichever name it is.
      for (const path of [draft.path, join(runs, id)]) await rm(path, { recursive: true, force: true })
      throw error
    }
    return new RunFolder(id, join(runs, id))
  }

  /** The folder of all of them. */
  static home(stateDirectory: string): string {
    return join(stateDirectory, 'runs')
  }

  /** Of a run whose whole id is known to be there. */
  static at(stateDirectory: string, id: string): RunFolder {
    return new RunFolder(id, join(stateDirectory, 'runs', id))
  }

  /** By id or by an unambiguous end of it (`k7f3qa`). Throws EnrollError `run.not-found`. */
  static async find(stateDirectory: string, id: string): Promise<RunFolder> {
    const ids = await listRunIds(stateDirectory)
    const matches = ids.filter((candidate) => candidate === id || candidate.endsWith(`-${id}`))
    const [only] = matches
    if (only !== undefined && matches.length === 1) return RunFolder.at(stateDirectory, only)
    throw new EnrollError(
      'run.not-found',
      `Could not find the run "${id}" in ${join(stateDirectory, 'runs')}.${didYouMeanHint(id, ids)}`,
      {
        remedy:
          'List the runs with `hsm-enroll runs list`; if a profile sets stateDirectory, add --profile (or --state-directory).',
      },
    )
  }

  /** A run that was refused is removed, at any moment: whoever has listed it meanwhile has listed none. */
  isGone(): boolean {
    return !existsSync(this.path)
  }

  /** Does it hold a journal, a lock, and nothing else? One that is gone holds nothing. */
  async isBare(): Promise<boolean> {
    const own = [this.journalFile, this.lockFile]
    const names = await readdir(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return names.every((name) => own.includes(join(this.path, name)))
  }

  /** For who holds the lock, which goes with it. Removes a folder that holds a journal and nothing else; leaves any other as it is. */
  async discard(): Promise<void> {
    if (!(await this.isBare())) return
    // At once for all others: half of a run would look like one that has lost its journal.
    const removed = join(dirname(this.path), `${DRAFT}${this.id}`)
    renameSync(this.path, removed)
    await rm(removed, { recursive: true })
  }

  /** Writes a file whole or not at all, and on disk, before anything may refer to it. */
  async writeArtefact(file: string, content: Uint8Array): Promise<Artefact> {
    await replaceFile(join(this.path, file), content)
    await syncDirectory(this.path)
    return { file, sha256: sha256Hex(content) }
  }

  /** Reads a file and checks that it is what the journal recorded. Throws EnrollError `run.artefact`. */
  async readArtefact({ file, sha256 }: Artefact): Promise<Uint8Array> {
    const content = await readFile(join(this.path, file)).catch((cause: unknown) => {
      throw artefactError(this.path, file, 'is missing', cause)
    })
    if (content.length > MAX_ARTEFACT) throw artefactError(this.path, file, 'is too large')
    if (sha256Hex(content) !== sha256) {
      throw artefactError(this.path, file, 'was changed after it was written')
    }
    return content
  }
}

const artefactError = (folder: string, file: string, why: string, cause?: unknown): EnrollError =>
  new EnrollError('run.artefact', `Could not continue: ${join(folder, file)} ${why}.`, {
    remedy: 'Restore the file from a backup; the journal has its SHA-256.',
    cause,
  })

/** In the order of their days. */
export async function listRunIds(stateDirectory: string): Promise<readonly string[]> {
  const names = await readdir(join(stateDirectory, 'runs')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter(isRunId).sort()
}
