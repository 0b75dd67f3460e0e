import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const MAIN = resolve(import.meta.dirname, '../cli/main.js')

/** How a program is ended from outside; `PIPE`: whoever read its output has gone. */
export const ENDINGS = ['SIGKILL', 'SIGTERM', 'SIGHUP', 'SIGINT', 'PIPE'] as const
export type Ending = (typeof ENDINGS)[number]

export interface KilledEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** It was still running when it was ended. */
  readonly ended: boolean
  /** It had to be ended by force after minutes: nothing else had any effect. */
  readonly hung: boolean
}

const NAMESPACE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const

/** Why no PID namespace can be made here; undefined where it can. */
export function noNamespace(): string | undefined {
  const [program, ...args] = NAMESPACE
  return spawnSync(program, [...args, 'true']).status === 0 ? undefined : 'PID namespaces (unshare, as root)'
}

/** Longer than anything that is asked for here takes on a busy machine. */
const PATIENCE_MS = 240_000

/**
 * The built program as the first process of a PID namespace of its own, as in a container; ended in one of the ways after so many
 * milliseconds, if it still runs then.
 */
export function runInNamespace(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  kill?: { readonly ending: Ending; readonly after: number },
): Promise<KilledEnd> {
  const [unshare, ...options] = NAMESPACE
  const child = spawn(unshare, [...options, process.execPath, MAIN, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  let ended = false
  let hung = false
  const timer =
    kill === undefined
      ? undefined
      : setTimeout(() => {
          ended = end(child, kill.ending)
        }, kill.after)
  const patience = setTimeout(() => {
    hung = true
    child.kill('SIGKILL')
  }, PATIENCE_MS)
  return new Promise((done, reject) => {
    child.once('error', reject)
    // A namespace passes on how its first process ended: 128 and the signal's number, for unshare itself is not killed.
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      clearTimeout(patience)
      setImmediate(() => done({ code, signal, ...written, ended, hung }))
    })
  })
}

/** To the program itself, which has another process number inside; false where it has gone already. */
function end(unshare: ChildProcess, ending: Ending): boolean {
  if (unshare.exitCode !== null || unshare.signalCode !== null) return false
  if (ending === 'PIPE') {
    unshare.stdout?.destroy()
    unshare.stderr?.destroy()
    return true
  }
  try {
    const pid = Number(readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8').trim())
    if (pid === 0) return unshare.kill(ending)
    return process.kill(pid, ending)
  } catch {
    return false
  }
}
