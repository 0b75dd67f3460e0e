interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

interface Sharing {
  /** Items in one call. */
  readonly most?: number
  /** May an error be the fault of one of them? Then each is called for by itself, so that the others have what they want all the same. */
  readonly mayConcernOne?: (error: unknown) => boolean
}

/**
 * One call at a time: what comes while one is under way goes together with all else that does into the next one. `act` answers each item,
 * in their order; what it throws is thrown to all who shared the call.
 */
export function together<Item, Answer>(
  act: (items: readonly Item[]) => Promise<readonly Answer[]>,
  { most = Number.POSITIVE_INFINITY, mayConcernOne = () => false }: Sharing = {},
): (item: Item) => Promise<Answer> {
  const waiting: Waiting<Item, Answer>[] = []
  let isUnderWay = false

  async function call(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await act(batch.map(({ item }) => item))
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
    } catch (error) {
      const isApart = batch.length > 1 && mayConcernOne(error)
      for (const one of batch) {
        if (isApart) void call([one])
        else one.reject(error)
      }
    }
  }

  async function go(): Promise<void> {
    isUnderWay = true
    // What comes in the same moment goes together.
    await undefined
    while (waiting.length > 0) await call(waiting.splice(0, most))
    isUnderWay = false
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject })
      if (!isUnderWay) void go()
    })
}

/**
 * The same of what is done for all alike: who comes while one is under way shares the next one, since what was begun before may not have
 * seen what they did.
 */
export function doneTogether(act: () => Promise<void>): () => Promise<void> {
  const go = together(async (items: readonly undefined[]) => {
    await act()
    return items
  })
  return async () => {
    await go(undefined)
  }
}
