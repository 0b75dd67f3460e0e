import { DeviceError, type DeviceErrorDetails } from '../device-error.ts'
import { hideSecrets } from '../hide-secrets.ts'
import { programEnvironment, runProgram } from '../run-program.ts'

export interface ToolResult {
  /** undefined where a signal ended it. */
  readonly exitCode: number | undefined
  /** Both streams, with every given secret taken out. */
  readonly output: string
}

const MAX_OUTPUT = 64 * 1024
const TIMEOUT_MS = 60_000

export interface ToolInput {
  /** Goes to standard input, where a tool asks for it; never an argument. */
  readonly secretLine?: string
  readonly signal?: AbortSignal | undefined
  /** Milliseconds. */
  readonly timeout?: number
}

/**
 * Runs a vendor's program without a shell, bounded in time and output, and without the secrets of the environment. Throws DeviceError
 * `device.module` where it cannot be started or does not end, `device.aborted` on an abort.
 */
export async function runVendorTool(
  command: string,
  args: readonly string[],
  { secretLine, signal, timeout = TIMEOUT_MS }: ToolInput = {},
): Promise<ToolResult> {
  const end = await runProgram({
    command,
    arguments: args,
    environment: programEnvironment(process.env),
    input: secretLine === undefined ? '' : `${secretLine}\n`,
    timeout,
    maxOutput: MAX_OUTPUT,
    signal,
  })
  switch (end.kind) {
    case 'ended': {
      const output = end.output.toString('utf8')
      return {
        exitCode: end.status,
        output: secretLine === undefined ? output : hideSecrets(output, [secretLine]),
      }
    }
    case 'stopped':
      throw new DeviceError('device.aborted', `Stopped while ${command} ran.`, { remedy: 'Resume the run.' })
    case 'not-started':
      throw notRun(command, end.cause.message.slice(0, 160), {
        remedy: "Install the vendor's client, or set the path of the program in the device settings.",
        cause: end.cause,
      })
    case 'timed-out':
      throw notRun(command, `it timed out after ${timeout / 1000} s and was ended`, {
        remedy: "Check with the vendor's tools that the device and its service answer, then resume the run.",
        transient: true,
      })
    case 'too-much':
      throw notRun(command, `it wrote more than ${MAX_OUTPUT} bytes and was ended`, {
        remedy: 'Run it yourself to see what it reports.',
      })
  }
}

const notRun = (command: string, why: string, details: DeviceErrorDetails): DeviceError =>
  new DeviceError('device.module', `Could not run ${command}: ${why}.`, details)

/** The last line that says something, for an error message. */
export const lastLine = (output: string): string =>
  output
    .split('\n')
    .map((line) => line.replace(/[\p{Cc}]/gu, ' ').trim())
    .filter((line) => line !== '')
    .at(-1)
    ?.slice(0, 200) ?? 'no output'
