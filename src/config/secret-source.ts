import { createReadStream, fstatSync } from 'node:fs'
import { join } from 'node:path'
import { Secret, type SecretRequest } from '../../devices/device.ts'
import { type ProgramEnd, programEnvironment, runProgram } from '../../devices/run-program.ts'
import { FileTooLarge, fileFault, readBoundedFile, readBoundedStream } from '../files/bounded-file.ts'
import { ConfigError } from './config-error.ts'
import type { Configuration } from './configuration.ts'
import { SECRET_SOURCE_FORMS } from './secret-source-forms.ts'

const MAX_SECRET = 64 * 1024
/** Milliseconds. Somebody may have to unlock a vault. */
const COMMAND_TIMEOUT = 30_000
const BYTE_ORDER_MARK = Buffer.from('\ufeff')
const MULTI_LINE = new Set(['authentication-key', 'client-certificate-key'])

/** Where secrets come from here and now. */
export interface SecretReading {
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Asks a person; absent where nobody can be asked. */
  readonly prompt?: (message: string) => Promise<string>
  /** Ends a command that is waited for. */
  readonly signal?: AbortSignal
  /** Environment variables that a command gets, beside those that every program does. */
  readonly passed?: readonly string[]
}

/** What the configuration lets commands have. */
export const passedBy = (configuration: Configuration): Pick<SecretReading, 'passed'> => ({
  passed: configuration.list('programEnvironment'),
})

const fail = (request: SecretRequest, why: string, remedy: string, cause?: unknown): ConfigError =>
  new ConfigError('secret', `Could not read the ${request.prompt}: ${why}.`, remedy, cause)

/** Reads one secret from its source. The text never appears in an error. Throws ConfigError. */
export async function readSecret(source: string, request: SecretRequest, reading: SecretReading = {}): Promise<Secret> {
  const [kind = '', rest = ''] = splitOnce(source)
  const bytes = await readBytes(kind, rest, source, request, reading)
  if (bytes.length > MAX_SECRET) throw fail(request, 'it is longer than 64 KiB', 'Point the source at the right file.')
  const secret = MULTI_LINE.has(request.name) ? bytes : firstLine(bytes)
  if (secret.length === 0)
    throw fail(request, `${kind} returned nothing`, 'Check the source; an empty secret is never sent.')
  return Secret.fromBytes(secret)
}

const splitOnce = (source: string): [string, string] => {
  const at = source.indexOf(':')
  return at === -1 ? [source, ''] : [source.slice(0, at), source.slice(at + 1)]
}

async function readBytes(
  kind: string,
  rest: string,
  source: string,
  request: SecretRequest,
  reading: SecretReading,
): Promise<Buffer> {
  const env = reading.env ?? process.env
  switch (kind) {
    case 'file':
      return readBounded(rest, request)
    case 'credential': {
      const folder = env.CREDENTIALS_DIRECTORY
      if (folder === undefined)
        throw fail(request, 'CREDENTIALS_DIRECTORY is not set', 'Run under systemd with LoadCredential=.')
      if (!/^[\w.@-]+$/.test(rest)) throw fail(request, 'the credential has no plain name', 'Write credential:NAME.')
      return readBounded(join(folder, rest), request)
    }
    case 'fd':
      return readDescriptor(rest, request)
    case 'env': {
      const value = env[rest]
      if (value === undefined) throw fail(request, `the environment variable ${rest} is not set`, `Set ${rest}.`)
      return Buffer.from(value)
    }
    case 'exec':
      return runCommand(rest, request, reading)
    case 'prompt':
      if (reading.prompt === undefined) {
        throw fail(
          request,
          'this session is not interactive',
          'Run it in a terminal, or specify another source (file:, env:, fd:, credential:, exec:).',
        )
      }
      return Buffer.from(await reading.prompt(request.prompt))
    default:
      throw new ConfigError(
        'secret-source',
        `Invalid source of the ${request.prompt}: it must start with one of ${SECRET_SOURCE_FORMS}.`,
        source.includes(':')
          ? 'Correct the source.'
          : 'Never write a secret into the profile itself; specify its source.',
      )
  }
}

function readBounded(path: string, request: SecretRequest): Promise<Buffer> {
  return readBoundedFile(path, MAX_SECRET).catch((cause: unknown) => {
    throw fail(request, `${path}: ${fileFault(cause)}`, 'Check the path and the permissions.', cause)
  })
}

async function readDescriptor(number: string, request: SecretRequest): Promise<Buffer> {
  if (!/^\d{1,4}$/.test(number)) throw fail(request, 'fd: needs a number', 'Write fd:3 and open descriptor 3.')
  try {
    // A number that nobody opened for us may be one of the runtime's own: it is not read, and none is ever closed.
    const stat = fstatSync(Number(number))
    if (!(stat.isFile() || stat.isFIFO() || stat.isSocket() || stat.isCharacterDevice())) throw new Error('no stream')
    const stream = createReadStream('', { fd: Number(number), autoClose: false, highWaterMark: 4096 })
    return await readBoundedStream(stream, MAX_SECRET)
  } catch (cause) {
    if (cause instanceof FileTooLarge) throw fail(request, cause.message, 'Point the source at the right file.')
    throw fail(request, `file descriptor ${number} cannot be read`, `Open it: hsm-enroll … ${number}< FILE.`, cause)
  }
}

async function runCommand(commandLine: string, request: SecretRequest, reading: SecretReading): Promise<Buffer> {
  const [command, ...args] = commandLine.split(' ').filter((word) => word !== '')
  if (command === undefined) throw fail(request, 'exec: specifies no command', 'Write exec:COMMAND ARG.')
  const end = await runProgram({
    command,
    arguments: args,
    environment: programEnvironment(reading.env ?? process.env, reading.passed),
    timeout: COMMAND_TIMEOUT,
    maxOutput: MAX_SECRET,
    signal: reading.signal,
  })
  if (end.kind === 'ended' && end.status === 0) return end.stdout
  // Nothing of what it printed is repeated: that may be the secret.
  throw fail(request, `the command ${command} ${howItEnded(end)}`, remedyFor(end))
}

function howItEnded(end: ProgramEnd): string {
  switch (end.kind) {
    case 'ended':
      return end.status === undefined ? 'was ended by a signal' : `ended with exit code ${end.status}`
    case 'timed-out':
      return `timed out after ${COMMAND_TIMEOUT / 1000} s and was ended`
    case 'too-much':
      return `wrote more than ${MAX_SECRET} bytes and was ended`
    case 'stopped':
      return 'was stopped'
    case 'not-started':
      return `could not be started: ${fileFault(end.cause)}`
  }
}

const remedyFor = ({ kind }: ProgramEnd): string =>
  kind === 'ended' || kind === 'timed-out'
    ? 'Run it yourself to see why. It gets only a few environment variables: list any others that it needs in programEnvironment.'
    : 'Check the command; it is run without a shell.'

/** Without the byte order mark that some editors put before a text: no secret begins with one. */
function firstLine(file: Buffer): Buffer {
  const bytes = file.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? file.subarray(BYTE_ORDER_MARK.length)
    : file
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d)
  return end === -1 ? bytes : bytes.subarray(0, end)
}
