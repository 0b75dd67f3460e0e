import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

export const collectGarbage: () => void = runInNewContext('gc')

/** Collects garbage again and again until `work` ends: what is held too weakly is gone by then. */
export async function whileCollecting<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(collectGarbage, 20)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
