import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Collects garbage again and again until `work` ends: what is held too weakly is gone by then. */
export async function whileCollecting<T>(work: Promise<T>): Promise<T> {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const timer = setInterval(collect, 20)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
