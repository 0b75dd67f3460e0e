import { readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { EnrollError } from '../errors.ts'
import { createOnce } from '../files/create-once.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { syncDirectory } from '../files/sync-directory.ts'
import type { Run } from './run.ts'

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

  /**
   * Takes every key of an order, or none. Throws EnrollError `order.duplicate` where another run holds one of them.
   * Claiming again for the same run is fine.
   */
  async claim(names: readonly string[], test: boolean, runId: string): Promise<void> {
    await makeDirectory(this.#directory)
    const taken: string[] = []
    for (const name of new Set(names)) {
      if (await createOnce(this.#file(name, test), `${runId}\n`)) {
        taken.push(name)
        continue
      }
      const holder = (await readFile(this.#file(name, test), 'utf8')).trim()
      if (holder === runId) continue
      await this.release(taken, test, runId)
      throw duplicate(name, holder, this.#file(name, test))
    }
    await syncDirectory(this.#directory)
  }

  /** Only after the CA answered that nothing was ordered, or the order was never sent. */
  async release(names: readonly string[], test: boolean, runId: string): Promise<void> {
    for (const name of new Set(names)) {
      const file = this.#file(name, test)
      const holder = await readFile(file, 'utf8').catch(() => '')
      if (holder.trim() === runId) await unlink(file)
    }
  }
}

/** Frees what the run's order held: for when it is known that the order is over. */
export async function releaseClaims({ id, record, services }: Run): Promise<void> {
  if (record.submission === undefined) return
  const { claim, otherClaims = [], test } = record.submission
  await new OrderGuard(services.stateDirectory).release([claim, ...otherClaims], test, id)
}

/** What stands for an order that has no key of ours: a token, a licence. */
export const formClaim = (digest: string): string => `${FORM}${digest}`
const FORM = 'form-'

function duplicate(name: string, holder: string, file: string): EnrollError {
  const run = holder === '' ? '(unreadable)' : holder
  const look = holder === '' ? 'Look at the runs' : `Look at it with \`hsm-enroll runs show ${holder}\``
  return name.startsWith(FORM)
    ? new EnrollError('order.duplicate', `Could not order: the run ${run} already ordered with this very form.`, {
        remedy: `${look}. To order the same once more, remove ${file}.`,
        exitCode: 1,
      })
    : new EnrollError('order.duplicate', `Could not order: the run ${run} already ordered with this key.`, {
        remedy: `${look}; a new certificate needs a new key. Only if nothing was ordered: remove ${file}.`,
        exitCode: 1,
      })
}
