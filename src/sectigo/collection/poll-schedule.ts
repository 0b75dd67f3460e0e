/** The documents' floor between two calls for one order: three hours (AutoApplyOrder 3.44, section 6). */
export const POLL_FLOOR = 3 * 3_600_000

/** Our own courtesy between two questions for the status of one order: a minute, and less only where orders themselves move faster. */
export const statusFloor = (pollFloor: number): number => Math.min(60_000, pollFloor / 2)

/**
 * Remembers when each order was last asked about, over restarts, and lets one call through at a time: the documents allow
 * no concurrent ones. Times are milliseconds since 1970.
 */
export interface PollSchedule {
  lastCall(orderNumber: string): Promise<number | undefined>
  /** Called before the call is made, so that a crash does not shorten the pause. */
  record(orderNumber: string, time: number): Promise<void>
  /** Runs `call` while no other task or process holds the schedule. `signal` ends the wait for one that does. */
  exclusive<T>(call: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

/** When the next call for an order may be made; `now` where it may be made at once. A clock set back does not lengthen the pause. */
export async function nextCall(
  schedule: PollSchedule,
  orderNumber: string,
  now: number,
  floor: number,
): Promise<number> {
  const last = await schedule.lastCall(orderNumber)
  return last === undefined || last > now ? now : Math.max(now, last + floor)
}

/** A schedule that lives as long as the process. */
export function memoryPollSchedule(): PollSchedule {
  const times = new Map<string, number>()
  let tail: Promise<unknown> = Promise.resolve()
  return {
    lastCall: async (orderNumber) => times.get(orderNumber),
    record: async (orderNumber, time) => {
      times.set(orderNumber, time)
    },
    exclusive: (call) => {
      const turn = tail.then(call, call)
      tail = turn.catch(() => undefined)
      return turn
    },
  }
}
