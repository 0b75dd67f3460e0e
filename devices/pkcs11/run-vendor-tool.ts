import { spawn } from 'node:child_process'
import { DeviceError } from '../device-error.ts'
import { hideSecrets } from '../hide-secrets.ts'

export interface ToolResult {
  /** undefined where a signal ended it. */
  readonly exitCode: number | undefined
  /** Both streams, cut at 64 KiB, with every given secret taken out. */
  readonly output: string
}

const MAX_OUTPUT = 64 * 1024
const TIMEOUT_MS = 60_000

export interface ToolInput {
  /** Goes to standard input, where a tool asks for it; never an argument. */
  readonly secretLine?: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs a vendor's program without a shell, bounded in time and output. Throws DeviceError `device.module` where it cannot be
 * started, `device.aborted` on an abort.
 */
export function runVendorTool(command: string, args: readonly string[], input: ToolInput = {}): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      signal: input.signal,
    })
    let output = ''
    const keep = (chunk: Buffer): void => {
      if (output.length < MAX_OUTPUT) output += chunk.toString('utf8')
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.stdin.on('error', () => undefined)
    child.on('error', (cause) => reject(cannotRun(command, cause)))
    child.on('close', (code) => {
      const secret = input.secretLine
      const clean = secret === undefined ? output : hideSecrets(output, [secret])
      resolve({ exitCode: code ?? undefined, output: clean.slice(0, MAX_OUTPUT) })
    })
    child.stdin.end(input.secretLine === undefined ? '' : `${input.secretLine}\n`)
  })
}

function cannotRun(command: string, cause: Error): DeviceError {
  if (cause.name === 'AbortError') {
    return new DeviceError('device.aborted', `Stopped while ${command} ran.`, { remedy: 'Resume the run.', cause })
  }
  return new DeviceError('device.module', `Could not run ${command}: ${cause.message.slice(0, 160)}.`, {
    remedy: "Install the vendor's client, or name the program in the device settings.",
    cause,
  })
}

/** The last line that says something, for an error message. */
export const lastLine = (output: string): string =>
  output
    .split('\n')
    .map((line) => line.replace(/[\p{Cc}]/gu, ' ').trim())
    .filter((line) => line !== '')
    .at(-1)
    ?.slice(0, 200) ?? 'no output'
