/**
 * One at a time: who comes while one is under way shares the next one with all others who do, since what was begun before may not have
 * seen what they did.
 */
export function doneTogether(act: () => Promise<void>): () => Promise<void> {
  let under: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  return () => {
    next ??= under.then(() => {
      next = undefined
      const acting = act()
      under = acting.catch(() => undefined)
      return acting
    })
    return next
  }
}
