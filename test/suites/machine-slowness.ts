import { createHash } from 'node:crypto'

/** Processor milliseconds of `work` on a quiet core of a current server. */
const REFERENCE_MS = 20

const block = Buffer.alloc(1 << 20, 0x5a)

/** Arithmetic in JavaScript and hashing outside it, about half each. */
function work(): number {
  let value = 1
  for (let i = 0; i < 8_000_000; i++) value = (Math.imul(value, 1664525) + 1013904223) | 0
  for (let i = 0; i < 8; i++) value ^= createHash('sha256').update(block).digest()[0] ?? 0
  return value
}

/** How many times slower this machine is now than the reference, at least 1: cores are shared, and clocks differ. */
export function machineSlowness(): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return Math.max(1, (user + system) / 1000 / REFERENCE_MS)
}
