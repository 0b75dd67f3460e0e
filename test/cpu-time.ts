/** Processor time in milliseconds, the least of three runs: wall time says little on a machine that is shared. */
export function cpuTime(action: () => void): number {
  const runs = [0, 1, 2].map(() => {
    const before = process.cpuUsage()
    action()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return Math.min(...runs)
}
