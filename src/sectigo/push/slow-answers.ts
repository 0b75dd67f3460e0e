import { setTimeout as delay } from 'node:timers/promises'

/** Milliseconds before the first wrong login of an address is answered; twice as long each time, up to the longest. */
const FIRST = 100
const LONGEST = 10_000
/** Addresses that are remembered; the one that has been quiet for longest is forgotten. */
const MOST = 1024

/**
 * Wrong logins of an address are answered one after the other, each later than the one before: guessing gets nowhere, and a right login
 * is never kept waiting, whoever shares its address (behind a reverse proxy all do). `wait`: resolves after so many milliseconds.
 */
export function slowAnswers(
  wait: (milliseconds: number) => Promise<unknown> = (ms) => delay(ms, undefined, { ref: false }),
): (address: string) => Promise<void> {
  const known = new Map<string, { readonly pause: number; readonly last: Promise<unknown> }>()
  return async (address) => {
    const { pause, last } = known.get(address) ?? { pause: FIRST, last: Promise.resolve() }
    const answered = last.then(() => wait(pause))
    known.delete(address)
    known.set(address, { pause: Math.min(LONGEST, pause * 2), last: answered })
    const [oldest] = known.keys()
    if (known.size > MOST && oldest !== undefined) known.delete(oldest)
    await answered
  }
}
