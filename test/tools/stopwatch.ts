/** Processor time of one call in microseconds: the smallest of several rounds, so that other processes disturb little. */
export function cost(calls: number, work: (index: number) => void, rounds = 7): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage()
    for (let i = 0; i < calls; i++) work(i)
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / calls)
  }
  return best
}

export async function costAsync(calls: number, work: () => Promise<unknown>, rounds = 3): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage()
    for (let i = 0; i < calls; i++) await work()
    const { user, system } = process.cpuUsage(start)
    best = Math.min(best, (user + system) / calls)
  }
  return best
}
