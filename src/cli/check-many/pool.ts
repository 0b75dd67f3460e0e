import { Worker } from 'node:worker_threads'
import type { Item } from './item.ts'

/**
 * Packages in one message. A message costs as much as a verdict; where its rows as JSON (5 KB each) take more than 128 KB, V8 maps memory for
 * each, and what one thread unmaps the other core waits for.
 */
const SHARE = 12
/** Shares that a worker has at a time: it goes on with the second while the first is on its way back. */
const SENT = 2
/** Items that are read ahead of the first that has no outcome yet, for each worker: memory stays flat behind a slow one. */
const AHEAD = (7 + SENT) * SHARE
/** What a worker says when it can be sent something. */
export const READY = 'ready'
/** Enough for any package; one that takes more ends its worker alone. */
const LIMITS = { maxOldGenerationSizeMb: 512 }

interface Share {
  readonly first: number
  readonly items: readonly Item[]
}

export interface PoolOptions<T extends object> {
  /**
   * The program of a worker, as a file or as its text. It gets `data`, says READY, and answers every list of items with one T, in the order
   * of the lists and one after the other.
   */
  readonly program: URL | string
  readonly data: unknown
  readonly workers: number
  /** What stands for a package that ended its worker. */
  readonly crashed: (item: Item) => T
  readonly signal?: AbortSignal
}

/** What workers make of items, some at a time, in the order of the items, as it comes, on several cores. */
export async function* judgeAll<T extends object>(
  items: AsyncIterable<Item>,
  { program, data, workers, crashed, signal }: PoolOptions<T>,
): AsyncGenerator<T> {
  const source = items[Symbol.asyncIterator]()
  const done = new Map<number, { readonly made: T; readonly items: number }>()
  const again: Share[] = []
  /** What those that are ready have been sent and did not answer yet, in its order. */
  const sent = new Map<Worker, Share[]>()
  const all = new Set<Worker>()
  let [taken, given] = [0, 0]
  let [ended, closing, stirred] = [false, false, false]
  let fault: unknown
  let resume: () => void = () => undefined
  const wake = (): void => {
    stirred = true
    resume()
  }

  const start = (): void => {
    const worker = new Worker(program, { eval: typeof program === 'string', workerData: data, resourceLimits: LIMITS })
    all.add(worker)
    worker.on('message', (message: T | typeof READY) => {
      if (message === READY) sent.set(worker, [])
      else {
        const share = sent.get(worker)?.shift()
        if (share !== undefined) done.set(share.first, { made: message, items: share.items.length })
      }
      wake()
    })
    // 'exit' follows: what it died of matters only where it judged nothing.
    let cause: unknown
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => {
      const shares = sent.get(worker)
      all.delete(worker)
      sent.delete(worker)
      const [share, ...untouched] = shares ?? []
      const [first, second] = share?.items ?? []
      if (share !== undefined && first !== undefined && second === undefined)
        done.set(share.first, { made: crashed(first), items: 1 })
      else if (share !== undefined) again.push(...eachAlone(share))
      else if (!closing && shares === undefined) fault = cause ?? new Error('a worker ended by itself')
      again.push(...untouched)
      if (!closing && fault === undefined) start()
      wake()
    })
  }
  const nextShare = async (): Promise<Share | undefined> => {
    const repeated = again.shift()
    if (repeated !== undefined || ended || taken - given > AHEAD * workers || signal?.aborted === true) return repeated
    const share: Item[] = []
    while (share.length < SHARE) {
      const { value, done: atEnd } = await source.next()
      if (atEnd === true) {
        ended = true
        break
      }
      share.push(value)
    }
    const first = taken
    taken += share.length
    return share.length === 0 ? undefined : { first, items: share }
  }

  const isIdle = (): boolean => [...sent.values()].every((shares) => shares.length === 0)
  /** Whoever has least to do, unless it has enough. */
  const free = (): readonly [worker: Worker, shares: Share[]] | undefined => {
    let found: readonly [Worker, Share[]] | undefined
    for (const each of sent) if (each[1].length < (found?.[1].length ?? SENT)) found = each
    return found
  }

  for (let i = 0; i < workers; i++) start()
  try {
    for (;;) {
      stirred = false
      if (fault !== undefined) throw fault
      while (free() !== undefined) {
        const share = await nextShare()
        if (share === undefined) break
        const next = free()
        if (next === undefined) {
          // It has ended meanwhile.
          again.unshift(share)
          break
        }
        const [worker, shares] = next
        shares.push(share)
        worker.postMessage(share.items)
      }
      for (let next = done.get(given); next !== undefined; next = done.get(given)) {
        done.delete(given)
        given += next.items
        // There is room to read ahead again.
        stirred = true
        yield next.made
      }
      if (isIdle() && again.length === 0 && (ended || signal?.aborted === true)) return
      if (!stirred) {
        await new Promise<void>((resolve) => {
          resume = resolve
        })
      }
    }
  } finally {
    closing = true
    await Promise.all([...all].map((worker) => worker.terminate()))
  }
}

/** Which of a share it was that ended a worker shows when each is tried alone. */
const eachAlone = ({ first, items }: Share): readonly Share[] =>
  items.map((item, index) => ({ first: first + index, items: [item] }))
