import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'

/** What the process says: `taken`, `held`, `fault`, `released`; `ended` once it is gone. */
export interface Said {
  readonly what: string
  readonly detail: string
}

export interface LockProcess {
  readonly child: ChildProcess
  next(): Promise<Said>
  /** Ends its input, upon which it releases. */
  end(): void
  /** SIGKILL, to it or to all of its namespace; resolves when it is gone. */
  kill(): Promise<void>
}

/** A program and its arguments before the command. */
export type Surroundings = readonly string[]

/** As root, or as a user that may make user namespaces; else undefined, said aloud, and an error in CI. */
export function newPidNamespace(): Surroundings | undefined {
  const ways = [
    ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
    ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child', '--mount-proc'],
  ]
  const works = ways.find(([program = '', ...args]) => spawnSync(program, [...args, 'true']).status === 0)
  return works ?? missing('the right to make PID namespaces (unshare; root, or user namespaces)')
}

/** Another user; root alone may become one. */
export function anotherUser(): Surroundings | undefined {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const [program = '', ...args] = nobody
  return spawnSync(program, [...args, process.execPath, '-e', '0']).status === 0
    ? nobody
    : missing('root and setpriv, to become another user')
}

/** What comes after it runs with this folder read-only. */
export function readOnly(folder: string): Surroundings | undefined {
  const mounted = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
  const ways = [
    ['unshare', '--mount', 'sh', '-c', mounted, folder],
    ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', mounted, folder],
  ]
  const works = ways.find(([program = '', ...args]) => spawnSync(program, [...args, 'true']).status === 0)
  return works ?? missing('the right to mount in a namespace (unshare; root, or user namespaces)')
}

export function missing(what: string): undefined {
  if (process.env.CI) throw new Error(`not run: needs ${what}`)
  process.stderr.write(`not run: needs ${what}\n`)
  return undefined
}

export class LockProcesses {
  /** Open to every user, as /tmp is. */
  readonly folder = mkdtempSync(join(tmpdir(), 'locking-'))
  readonly #program = join(this.folder, 'lock-holder.mjs')
  readonly #started = new Set<ChildProcess>()

  async build(): Promise<void> {
    chmodSync(this.folder, 0o1777)
    await build({
      entryPoints: [join(import.meta.dirname, 'lock-holder.ts')],
      outfile: this.#program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
    })
  }

  start(args: readonly string[], within: Surroundings = []): LockProcess {
    const [program = '', ...rest] = [...within, process.execPath, this.#program, ...args]
    const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#started.add(child)
    child.stdin.on('error', () => undefined)
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const gone = new Promise<void>((done) => child.once('close', () => done()))
    return {
      child,
      next: async () => {
        const { value, done } = await lines.next()
        return done === true ? { what: 'ended', detail: '' } : (JSON.parse(value) as Said)
      },
      end: () => child.stdin.end(),
      kill: () => {
        child.kill('SIGKILL')
        return gone
      },
    }
  }

  remove(): void {
    for (const child of this.#started) child.kill('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true })
  }
}
