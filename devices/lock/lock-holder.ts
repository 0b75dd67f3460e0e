import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename } from 'node:path'
import { userName } from './user-name.ts'

/**
 * Who holds a lock, as the lock file says. It is written for people: the kernel alone decides who holds a lock, and nothing here is
 * ever taken for proof.
 */
export interface LockHolder {
  readonly pid: number
  /** Absent off Linux. A process number of another namespace names another process here. */
  readonly pidNamespace?: string
  readonly host?: string
  readonly user?: string
  /** ISO 8601, UTC. */
  readonly since?: string
  readonly command?: string
}

/** A lock file of an older version, or of anybody else, is longer than this or is no JSON: then nobody is named. */
const MAX_LENGTH = 1024

export function thisProcess(): LockHolder {
  const pidNamespace = namespaceOf('self')
  return {
    pid: process.pid,
    ...(pidNamespace === undefined ? {} : { pidNamespace }),
    host: hostname(),
    user: userName(),
    since: new Date().toISOString(),
    command: commandOf(process.argv),
  }
}

export const holderText = (holder: LockHolder): string => `${JSON.stringify(holder)}\n`

/** What a lock file says; undefined where it says nothing that can be read. */
export function readHolder(file: string): LockHolder | undefined {
  try {
    const text = readFileSync(file, 'utf8')
    const value: unknown = text.length > MAX_LENGTH ? undefined : JSON.parse(text)
    if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined
    const { pid } = value
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined
    const member = (name: string): object => {
      const found: unknown = Object.entries(value).find(([key]) => key === name)?.[1]
      // Another user may have written it: nothing of it reaches a terminal but plain characters.
      return typeof found === 'string' && /^[\x20-\x7e]{1,80}$/.test(found) ? { [name]: found } : {}
    }
    return Object.assign({ pid }, ...['pidNamespace', 'host', 'user', 'since', 'command'].map(member))
  } catch {
    return undefined
  }
}

/** `process 4711 (hsm-enroll enroll, user anna, since 2026-11-22T10:00:00.000Z)`: follows "Could not …: " and precedes a verb. */
export function describeHolder(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'another process'
  const elsewhere = holder.host !== undefined && holder.host !== hostname() ? ` on the host ${holder.host}` : ''
  const { command, user, since } = holder
  const facts = [
    ...(command === undefined ? [] : [command]),
    ...(user === undefined ? [] : [`user ${user}`]),
    ...(since === undefined ? [] : [`since ${since}`]),
  ]
  return `${whichProcess(holder)}${elsewhere}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`
}

function whichProcess({ pid, pidNamespace }: LockHolder): string {
  if (pidNamespace !== undefined && pidNamespace !== namespaceOf('self'))
    return `process ${pid} of another container or PID namespace`
  return pid === process.pid ? 'this process' : `process ${pid}`
}

function namespaceOf(process: string): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/pid`)
  } catch {
    return undefined
  }
}

/** The program and, where it is ours, its command. Arguments stay out: what the library's users give theirs is not ours to write down. */
function commandOf([, script = 'node', ...words]: readonly string[]): string {
  if (!/(^|[\\/])(hsm-enroll|cli[\\/]main\.js)$/.test(script)) return basename(script)
  const end = words.findIndex((word) => !/^[a-z][a-z-]{0,19}$/.test(word))
  return ['hsm-enroll', ...words.slice(0, Math.min(2, end === -1 ? 2 : end))].join(' ')
}
