import { readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createOnce } from '../create-once.ts'
import { EnrollError } from '../errors.ts'
import { makeDirectory } from '../make-directory.ts'
import { syncDirectory } from './run-folder.ts'

/**
 * One order per key: a marker file, created exclusively before the order's intent is journalled, names the run that may
 * order for this SubjectPublicKeyInfo. Rehearsal orders (`test=Y`) are counted apart, since they are never billed.
 */
export class OrderGuard {
  readonly #directory: string

  constructor(stateDirectory: string) {
    this.#directory = join(stateDirectory, 'orders')
  }

  #file(spkiSha256: string, test: boolean): string {
    return join(this.#directory, `${spkiSha256}${test ? '.test' : ''}`)
  }

  /** Throws EnrollError `order.duplicate` where another run holds the key. Claiming again for the same run is fine. */
  async claim(spkiSha256: string, test: boolean, runId: string): Promise<void> {
    await makeDirectory(this.#directory)
    const file = this.#file(spkiSha256, test)
    if (await createOnce(file, `${runId}\n`)) {
      await syncDirectory(this.#directory)
      return
    }
    const holder = (await readFile(file, 'utf8')).trim()
    if (holder === runId) return
    throw new EnrollError(
      'order.duplicate',
      `Could not order: the run ${holder === '' ? '(unreadable)' : holder} already ordered with this key.`,
      {
        remedy:
          holder === ''
            ? `Look at ${file} and the runs before you remove it.`
            : `Look at it with \`hsm-enroll runs show ${holder}\`; a new certificate needs a new key.`,
        exitCode: 1,
      },
    )
  }

  /** Only after the CA answered that nothing was ordered, or the order was never sent. */
  async release(spkiSha256: string, test: boolean, runId: string): Promise<void> {
    const file = this.#file(spkiSha256, test)
    const holder = await readFile(file, 'utf8').catch(() => '')
    if (holder.trim() === runId) await unlink(file)
  }
}
