interface Waiting<Item, Answer> {
  readonly item: Item
  readonly resolve: (answer: Answer | Promise<Answer>) => void
  readonly reject: (error: unknown) => void
}

/**
 * One call at a time: what comes while one is under way goes together with all else that does into the next one, at most `most` at once.
 * `act` answers each item, in their order; what it throws is thrown to all who shared the call.
 */
export function together<Item, Answer>(
  act: (items: readonly Item[]) => Promise<readonly (Answer | Promise<Answer>)[]>,
  most = Number.POSITIVE_INFINITY,
): (item: Item) => Promise<Answer> {
  const waiting: Waiting<Item, Answer>[] = []
  let isUnderWay = false

  async function go(): Promise<void> {
    isUnderWay = true
    // What comes in the same moment goes together.
    await undefined
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most)
      try {
        const answers = await act(batch.map(({ item }) => item))
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer | Promise<Answer>)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
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
