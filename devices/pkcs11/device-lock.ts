import { createHash, randomUUID } from 'node:crypto'
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { DeviceError } from '../device-error.ts'

/** One process at a time per device and user: a file that names the process that holds it. */
export interface DeviceLock {
  release(): void
}

interface Holder {
  readonly pid: number
  /** Field 22 of /proc/PID/stat: tells a process from a later one with the same number. Absent off Linux. */
  readonly startTime?: string
}

/** A folder of this user's own that does not outlive the boot: $XDG_RUNTIME_DIR, else under the temporary folder. */
export function lockFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const runtime = environment.XDG_RUNTIME_DIR
  if (runtime !== undefined && runtime !== '') return join(runtime, 'hsm-enroll')
  return join(tmpdir(), `hsm-enroll-${userInfo().username}`)
}

/**
 * Takes the lock of a device (`identity`: module family and serial). A lock whose process is dead is taken over.
 * Throws DeviceError `device.busy` naming the process that holds it.
 */
export function lockDevice(identity: string, subject: string, folder: string = lockFolder()): DeviceLock {
  const path = join(folder, `${createHash('sha256').update(identity).digest('hex').slice(0, 32)}.lock`)
  const mine = join(folder, `${randomUUID()}.tmp`)
  try {
    ownFolder(folder)
    writeFileSync(mine, JSON.stringify(holderOf(process.pid)), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw error instanceof DeviceError ? error : noFolder(folder, `it cannot be written (${codeOf(error)})`, error)
  }
  try {
    // A hard link is made or refused in one step, so two processes never both get the name.
    for (let attempt = 0; attempt < 5; attempt++) {
      if (tryLink(mine, path)) return { release: () => releaseLock(path) }
      const holder = readHolder(path)
      if (holder !== undefined && isAlive(holder)) throw busy(subject, holder.pid)
      setAside(path, holder)
    }
  } finally {
    unlinkQuietly(mine)
  }
  throw busy(subject, undefined)
}

/** Node's own recursive `mkdir` never ends below a folder that takes none (/proc): each level is tried once. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  if (dirname(folder) !== folder) makeFolder(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

function ownFolder(folder: string): void {
  makeFolder(folder)
  const status = lstatSync(folder)
  const foreign = process.getuid !== undefined && status.uid !== process.getuid()
  if (!status.isDirectory() || foreign) throw noFolder(folder, 'it does not belong to this user')
}

/** After `su` or `sudo`, XDG_RUNTIME_DIR often still names another user's folder. */
function noFolder(folder: string, why: string, cause?: unknown): DeviceError {
  return new DeviceError('device.busy', `Could not lock the device in ${folder}: ${why}.`, {
    remedy: 'Set XDG_RUNTIME_DIR to a folder of your own (or unset it), or remove what stands there.',
    cause,
  })
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error)

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Moves a dead process's lock away; puts it back where another process took it over between the look and the move. */
function setAside(path: string, seen: Holder | undefined): void {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  const moved = readHolder(aside)
  if (moved !== undefined && (moved.pid !== seen?.pid || moved.startTime !== seen?.startTime)) tryLink(aside, path)
  unlinkQuietly(aside)
}

function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8').slice(0, 4096))
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number')
      return undefined
    const startTime = 'startTime' in value && typeof value.startTime === 'string' ? value.startTime : undefined
    return startTime === undefined ? { pid: value.pid } : { pid: value.pid, startTime }
  } catch {
    return undefined
  }
}

function holderOf(pid: number): Holder {
  const startTime = startTimeOf(pid)
  return startTime === undefined ? { pid } : { pid, startTime }
}

function startTimeOf(pid: number): string | undefined {
  try {
    // The second field is the program's name in parentheses and may hold blanks.
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')[19]
  } catch {
    return undefined
  }
}

function isAlive(holder: Holder): boolean {
  if (!Number.isInteger(holder.pid) || holder.pid <= 0) return false
  try {
    process.kill(holder.pid, 0)
  } catch (error) {
    // EPERM: it lives, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  const now = startTimeOf(holder.pid)
  return holder.startTime === undefined || now === undefined || now === holder.startTime
}

function releaseLock(path: string): void {
  if (readHolder(path)?.pid === process.pid) unlinkQuietly(path)
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone already.
  }
}

function busy(subject: string, pid: number | undefined): DeviceError {
  const who = pid === undefined ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`
  return new DeviceError('device.busy', `Could not open ${subject}: ${who} has it open.`, {
    remedy: 'Wait until that run has ended, or end it.',
    vendorCode: 'lock',
  })
}
