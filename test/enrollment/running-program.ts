import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { type ProgramEnd, SPARE_ROOTS } from './built-program.ts'

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js')

/** The built program while it runs, for the commands that end with Ctrl-C. */
export interface RunningProgram {
  readonly stdout: string
  readonly stderr: string
  /** Resolves with the first match in what it has written; throws when it ends without one. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  /** Resolves when it ends by itself. */
  readonly ended: Promise<ProgramEnd>
  /** Ctrl-C, or another signal. */
  stop(signal?: NodeJS.Signals): Promise<ProgramEnd>
}

export function startProgram(args: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProgram {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent',
      XDG_CONFIG_HOME: '/nonexistent',
      HSM_ENROLL_TEST_DEVICE_LOCKS: process.env.HSM_ENROLL_TEST_DEVICE_LOCKS ?? '',
      NO_COLOR: '1',
      ...SPARE_ROOTS,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { stdout: '', stderr: '' }
  const watchers = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
      for (const watcher of watchers) watcher()
    })
  }
  const end = new Promise<ProgramEnd>((done, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => done({ code, signal, ...written }))
  })
  return {
    get stdout() {
      return written.stdout
    },
    get stderr() {
      return written.stderr
    },
    until: (pattern) =>
      new Promise((found, reject) => {
        const look = (): void => {
          const match = pattern.exec(written.stdout + written.stderr)
          if (match === null) return
          watchers.delete(look)
          found(match)
        }
        watchers.add(look)
        end.then(() => reject(new Error(`it ended without ${pattern}: ${written.stdout}${written.stderr}`)), reject)
        look()
      }),
    ended: end,
    stop: (signal = 'SIGINT') => {
      child.kill(signal)
      return end
    },
  }
}
