/** Runs another program to its end. */
import { spawn } from 'node:child_process'

export interface ProgramResult {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  /** Default 60 s; then SIGKILL. */
  readonly timeoutMilliseconds?: number
}

/** Rejects only where the program cannot be started. */
export function runProgram(
  command: string,
  args: readonly string[],
  { env = {}, stdin = '', timeoutMilliseconds = 60_000 }: RunOptions = {},
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: 'pipe',
    })
    // Not spawn's own timeout: that one goes on where the program is missing.
    const patience = setTimeout(() => child.kill('SIGKILL'), timeoutMilliseconds)
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.once('error', (cause) => {
      clearTimeout(patience)
      reject(cause)
    })
    child.once('close', (code) => {
      clearTimeout(patience)
      resolve({ code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
    })
    // A program that does not read its input closes the pipe early.
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin)
  })
}
