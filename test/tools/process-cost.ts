/** What processes have cost so far, by /proc of Linux: read from outside, so that what is measured runs as it is built. */
import { readdirSync, readFileSync } from 'node:fs'

/** USER_HZ: what the kernel counts in towards programs, on every architecture that Node.js runs on. */
const TICKS_PER_SECOND = 100

/** Processor time in milliseconds of a process, its children, and those of its children that have ended. */
export function processorTime(pid: number): number {
  const own = statOf(pid)
  const children = own === undefined ? [] : childrenOf(pid).map((child) => statOf(child)?.own ?? 0)
  return own === undefined ? 0 : own.own + own.ended + children.reduce((sum, time) => sum + time, 0)
}

/** Resident memory in MiB. */
export function residentMemory(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

/** proc_pid_stat(5): fields 14 to 17; the second, the name, may have blanks and brackets in it. */
function statOf(pid: number): { readonly own: number; readonly ended: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [user, system, endedUser, endedSystem] = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .map((ticks) => (Number(ticks) * 1000) / TICKS_PER_SECOND)
    return { own: (user ?? 0) + (system ?? 0), ended: (endedUser ?? 0) + (endedSystem ?? 0) }
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}

const childrenOf = (pid: number): readonly number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  )
