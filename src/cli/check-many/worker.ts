/** One core's share of `check-many`: judges what it is sent, in order. What a package throws is its outcome; nothing leaves here. */
import { parentPort, workerData } from 'node:worker_threads'
import type { AttestationResult } from '../../attestation/contract/attestation-result.ts'
import { checkFiles } from '../../check/check-files.ts'
import { judgeInputs } from '../../config/judge-inputs.ts'
import type { readInput } from '../../config/read-input.ts'
import { readInputs } from '../../config/read-inputs.ts'
import { failureOf } from '../report-error.ts'
import type { Item, Judging, Outcome } from './item.ts'
import { READY } from './pool.ts'
import { type RowForm, rowsIn } from './row.ts'

const { judging, form } = workerData as { readonly judging: Judging; readonly form: RowForm }

/** A folder may hold 32 MB. */
const AT_A_TIME = 4

async function judge({ name, paths, csr }: Item): Promise<Outcome> {
  try {
    return { name, result: await judgeInputs((read) => resultOf(paths, csr, read)) }
  } catch (error) {
    const { code, message, remedy, exitCode } = failureOf(error)
    return { name, error: { code, message, remedy, exitCode } }
  }
}

async function resultOf(
  paths: readonly string[],
  csr: string | undefined,
  read: typeof readInput,
): Promise<AttestationResult> {
  const { files, folders } = await readInputs(paths, read)
  const request = csr === undefined ? {} : { csr: await read(csr) }
  return checkFiles(files, { ...judging, passOver: folders > 0, ...request })
}

async function answer(items: readonly Item[]): Promise<void> {
  const outcomes: Outcome[] = []
  // One is judged while the files of others are awaited.
  for (let at = 0; at < items.length; at += AT_A_TIME)
    outcomes.push(...(await Promise.all(items.slice(at, at + AT_A_TIME).map(judge))))
  parentPort?.postMessage(rowsIn(form, outcomes))
}

let before = Promise.resolve()
parentPort?.on('message', (items: readonly Item[]) => {
  before = before.then(() => answer(items))
})

parentPort?.postMessage(READY)
