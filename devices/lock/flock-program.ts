import { spawn } from 'node:child_process'
import { LockFault } from './lock-fault.ts'

/** Where flock(1) is found, whatever a service's or a cron job's PATH leaves out. */
const searchPath = (): string => [process.env.PATH, '/usr/bin', '/bin'].filter(Boolean).join(':')

/** Longer than any local disk takes to say whether a lock is free. */
const ANSWER_MS = 30_000

/**
 * Locks what is open as `descriptor` by flock(2): the program (util-linux or BusyBox) gets the descriptor as its own number 3, locks it
 * and ends, and the kernel keeps the lock with the open file that it shares with us. Returns false where somebody else holds it;
 * `wait`: only after so many milliseconds. Throws LockFault where the program is missing or fails.
 */
export async function flock(descriptor: number, wait: number, signal?: AbortSignal): Promise<boolean> {
  // util-linux could wait for a time itself (-w), BusyBox cannot: so the program waits for ever, and is ended.
  const end = await run(wait > 0 ? ['3'] : ['-n', '3'], descriptor, wait > 0 ? wait : ANSWER_MS, signal)
  if (end.code === 0) return true
  // A lock that is held is status 1 and not a word, in both programs; -E would choose the status, in one of them.
  if (end.code === 1 && end.stderr === '') return false
  if (end.code === null && wait > 0) return false
  throw new LockFault(
    `flock(1) could not lock it (${end.stderr || (end.code === null ? 'it gave no answer' : `exit status ${end.code}`)})`,
    'Check that `flock FILE true` works with a file of that folder; keep it on a local disk.',
  )
}

interface End {
  readonly code: number | null
  readonly stderr: string
}

function run(args: readonly string[], descriptor: number, timeout: number, signal?: AbortSignal): Promise<End> {
  return new Promise((done, reject) => {
    const child = spawn('flock', args, {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      // Nothing of ours but the way to the program: secrets may stand in the environment.
      env: { PATH: searchPath(), LC_ALL: 'C' },
      // A Ctrl-C is for us: a lock that is being taken is taken, or not.
      detached: true,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
    })
    // Not spawn's own timeout: that one goes on where the program is missing, and with it this process.
    const patience = setTimeout(() => child.kill('SIGKILL'), timeout)
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(0, 300)
    })
    child.once('error', (cause) => {
      clearTimeout(patience)
      reject(signal?.aborted === true ? cause : notRun(cause))
    })
    child.once('close', (code) => {
      clearTimeout(patience)
      done({ code, stderr: stderr.trim().replace(/\s+/g, ' ') })
    })
  })
}

function notRun(cause: NodeJS.ErrnoException): LockFault {
  if (cause.code !== 'ENOENT')
    return new LockFault(
      `flock(1) could not be started (${cause.code ?? cause.message})`,
      'Allow this process to start programs.',
      cause,
    )
  return new LockFault(
    'the program flock(1) is not installed, and without it this system offers no lock that ends with its process',
    'Install util-linux (or BusyBox); an image without either cannot enrol keys.',
    cause,
  )
}
