/** Programs of other people that this one runs: a vendor's tool, a command that gives a secret. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type ChildProcess, spawn } from 'node:child_process'

/**
 * What such a program inherits of the environment. A list of what it may know, not of what it may not: where PINs and passwords come
 * from variables (`env:NAME`), nobody can tell those by their names. Proxy addresses carry passwords, too.
 */
const INHERITED = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TZ', 'TERM', 'TMPDIR', 'TMP', 'TEMP'],
  // Keyrings, agents and the terminal or desktop at which they ask.
  ...['DBUS_SESSION_BUS_ADDRESS', 'DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'GPG_TTY', 'GNUPGHOME', 'SSH_AUTH_SOCK'],
  'PASSWORD_STORE_DIR',
  // Windows.
  ...['SYSTEMROOT', 'SYSTEMDRIVE', 'WINDIR', 'COMSPEC', 'PATHEXT', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA'],
  ...['PROGRAMDATA', 'PROGRAMFILES', 'PROGRAMFILES(X86)'],
  // Libraries and their configuration: the Luna client, p11-kit, PC/SC.
  ...['LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'CHRYSTOKICONFIGURATIONPATH'],
])
const INHERITED_PREFIXES = ['LC_', 'XDG_', 'NFAST_', 'CKNFAST_', 'P11_KIT_', 'PCSCLITE_']

type Environment = Readonly<Record<string, string | undefined>>

/** The part of an environment that a program gets; `also`: further names. */
export function programEnvironment(environment: Environment, also: readonly string[] = []): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => {
      const upper = name.toUpperCase()
      return (
        INHERITED.has(upper) || also.includes(name) || INHERITED_PREFIXES.some((prefix) => upper.startsWith(prefix))
      )
    }),
  )
}

export interface ProgramRun {
  readonly command: string
  readonly arguments: readonly string[]
  /** What it gets, whole. */
  readonly environment: Environment
  /** Goes to its standard input, which is closed then. */
  readonly input?: string
  /** Milliseconds. */
  readonly timeout: number
  /** Bytes of both streams together. */
  readonly maxOutput: number
  readonly signal?: AbortSignal | undefined
}

/** How it ended. In every case but the first the program and what it started are gone. */
export type ProgramEnd =
  | {
      readonly kind: 'ended'
      /** Undefined if a signal ended it. */
      readonly status: number | undefined
      readonly stdout: Buffer
      /** Both streams as they came. */
      readonly output: Buffer
    }
  | { readonly kind: 'not-started'; readonly cause: Error }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'too-much' }
  | { readonly kind: 'stopped' }

/** Milliseconds for what a program left behind to close the streams that it inherited. */
const LEFT_BEHIND = 1000

/** Is told of a program before it is started; a program of which it cannot take note is not started. */
export type ProgramWatch = (run: ProgramRun) => Promise<void>

const watches = new AsyncLocalStorage<ProgramWatch>()

/** Does something, and has every program watched that is run for it, however deep. */
export const watchPrograms = <T>(watch: ProgramWatch, action: () => Promise<T>): Promise<T> =>
  watches.run(watch, action)

/** Runs a program without a shell, in a process group of its own. Never throws. */
export function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  const watch = watches.getStore()
  if (watch === undefined) return startProgram(run)
  return watch(run).then(
    () => startProgram(run),
    (cause: Error) => ({ kind: 'not-started', cause }),
  )
}

function startProgram(run: ProgramRun): Promise<ProgramEnd> {
  const { command, environment, input = '', timeout, maxOutput, signal } = run
  if (signal?.aborted === true) return Promise.resolve({ kind: 'stopped' })
  return new Promise((resolve) => {
    const child = spawn(command, run.arguments, {
      env: { ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      // A group of its own, so that what it starts dies with it.
      detached: process.platform !== 'win32',
      windowsHide: true,
    })
    const written: Record<'stdout' | 'output', Buffer[]> = { stdout: [], output: [] }
    let size = 0
    let over: NodeJS.Timeout | undefined
    const end = (result: ProgramEnd): void => {
      clearTimeout(timer)
      clearTimeout(over)
      signal?.removeEventListener('abort', stop)
      resolve(result)
    }
    const kill = (result: ProgramEnd): void => {
      killGroup(child)
      child.stdout.destroy()
      child.stderr.destroy()
      end(result)
    }
    const ended = (code: number | null): ProgramEnd => ({
      kind: 'ended',
      status: code ?? undefined,
      stdout: Buffer.concat(written.stdout),
      output: Buffer.concat(written.output),
    })
    const stop = (): void => kill({ kind: 'stopped' })
    const timer = setTimeout(() => kill({ kind: 'timed-out' }), timeout)
    signal?.addEventListener('abort', stop, { once: true })
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > maxOutput) return kill({ kind: 'too-much' })
        written.output.push(chunk)
        if (stream === 'stdout') written.stdout.push(chunk)
      })
    }
    child.stdin.on('error', () => undefined)
    child.once('error', (cause) => end({ kind: 'not-started', cause }))
    // Something that it started may hold the streams open; what the program itself wrote is here by then.
    child.once('exit', (code) => {
      over = setTimeout(() => kill(ended(code)), LEFT_BEHIND)
    })
    child.once('close', (code) => end(ended(code)))
    child.stdin.end(input)
  })
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
