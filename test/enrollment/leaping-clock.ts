import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

/** A machine's own pauses are shorter: those take their time. */
const SHORT_MS = 50

/**
 * A pause of node:timers/promises is over at once, and the clocks of this process have gone on by as much, until the function is called
 * that it returns: hours of waiting pass in a moment, and nobody comes late.
 */
export function leapOverPauses(): () => void {
  const { now } = Date
  const elapsed = performance.now
  const { setTimeout: wait } = timers
  let ahead = 0
  Date.now = () => now() + ahead
  performance.now = () => elapsed.call(performance) + ahead
  timers.setTimeout = async <T>(milliseconds = 0, value?: T, options: Parameters<typeof wait>[2] = {}): Promise<T> => {
    if (milliseconds < SHORT_MS) return (await wait(milliseconds, value, options)) as T
    options.signal?.throwIfAborted()
    ahead += milliseconds
    return value as T
  }
  syncBuiltinESMExports()
  return () => {
    Date.now = now
    performance.now = elapsed
    timers.setTimeout = wait
    syncBuiltinESMExports()
  }
}
