/** One core's share of `check-many`: judges what it is sent, in order. What a package throws is its outcome; nothing leaves here. */
import { parentPort, workerData } from 'node:worker_threads'
import { checkFiles } from '../../check/check-files.ts'
import { readInput } from '../../config/read-input.ts'
import { readInputs } from '../../config/read-inputs.ts'
import { failureOf } from '../report-error.ts'
import type { Item, Judging, Outcome } from './item.ts'
import { READY } from './pool.ts'
import { type Row, type RowForm, rowIn } from './row.ts'

const { judging, form } = workerData as { readonly judging: Judging; readonly form: RowForm }

/** A folder may hold 32 MB. */
const AT_A_TIME = 4

async function judge({ name, paths, csr }: Item): Promise<Outcome> {
  try {
    const { files, folders } = await readInputs(paths)
    const request = csr === undefined ? undefined : await readInput(csr)
    return {
      name,
      result: checkFiles(files, {
        ...judging,
        passOver: folders > 0,
        ...(request === undefined ? {} : { csr: request }),
      }),
    }
  } catch (error) {
    const { code, message, remedy, exitCode } = failureOf(error)
    return { name, error: { code, message, remedy, exitCode } }
  }
}

parentPort?.on('message', async (items: readonly Item[]) => {
  const rows: Row[] = []
  // One is judged while the files of others are read.
  for (let at = 0; at < items.length; at += AT_A_TIME)
    for (const outcome of await Promise.all(items.slice(at, at + AT_A_TIME).map(judge))) rows.push(rowIn(form, outcome))
  parentPort?.postMessage(rows)
})

parentPort?.postMessage(READY)
