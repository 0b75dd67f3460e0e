/**
 * Subject tokens that a program gives (an external account with `credential_source.executable`). google-auth-library would run
 * it too, but a program that cannot be started or is killed ends the whole process there, and everything it writes is kept.
 * Source: google.aip.dev/auth/4117.
 */
import { DeviceError } from '../device.ts'
import { readSmallFile } from '../http/connection-settings.ts'
import { isJsonObject, type JsonObject } from '../http/json-fields.ts'
import type { Redaction } from '../http/redaction.ts'
import { type ProgramEnd, programEnvironment, runProgram } from '../run-program.ts'
import { settingError } from '../setting-reader.ts'

const NAME = 'credentialsFile'
const ALLOWED = 'GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES'
/** Milliseconds. */
const TIMEOUT = { least: 5_000, most: 120_000, usual: 30_000 }
const MAX_OUTPUT_BYTES = 1 << 20
const SAML = 'urn:ietf:params:oauth:token-type:saml2'

export interface TokenProgram {
  readonly file: string
  readonly arguments: readonly string[]
  readonly timeoutMs: number
  /** Where the program keeps a reply that may be used until it expires. */
  readonly outputFile?: string
  /** What the program learns of the request, by the names of its environment. */
  readonly environment: Readonly<Record<string, string>>
  /** What it inherits of ours, beside what every program does. */
  readonly inherits: readonly string[]
}

/** The program of an external account; undefined where it has none. Throws DeviceError `device.settings`. */
export function readTokenProgram(account: JsonObject, inherits: readonly string[]): TokenProgram | undefined {
  const source = account.credential_source
  const executable = isJsonObject(source) ? source.executable : undefined
  if (executable === undefined) return undefined
  if (!isJsonObject(executable) || typeof executable.command !== 'string') throw incomplete('command')
  const [file, ...rest] = executable.command.match(/(?:[^\s"]+|"[^"]*")+/g)?.map(unquote) ?? []
  if (file === undefined) throw incomplete('command')
  const { timeout_millis: timeoutMs = TIMEOUT.usual, output_file: outputFile } = executable
  if (typeof timeoutMs !== 'number' || timeoutMs < TIMEOUT.least || timeoutMs > TIMEOUT.most)
    throw incomplete('timeout_millis')
  const acting = /([^/:]+):generateAccessToken$/.exec(String(account.service_account_impersonation_url ?? ''))?.[1]
  const kept = typeof outputFile === 'string' && outputFile !== '' ? outputFile : undefined
  return {
    file,
    arguments: rest,
    timeoutMs,
    outputFile: kept,
    inherits,
    environment: {
      GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE: String(account.audience ?? ''),
      GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: String(account.subject_token_type ?? ''),
      GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE: '0',
      ...(acting === undefined ? {} : { GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL: acting }),
      ...(kept === undefined ? {} : { GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE: kept }),
    },
  }
}

const unquote = (word: string): string => (/^".*"$/s.test(word) ? word.slice(1, -1) : word)

/** The token that the program gives, or gave before. Throws DeviceError `credential.refused`; never repeats its output. */
export async function subjectToken(program: TokenProgram, redaction: Redaction, signal?: AbortSignal): Promise<string> {
  if (process.env[ALLOWED] !== '1') {
    throw refused('it names a program, and programs are not allowed', `If the file is your own, set ${ALLOWED}=1.`)
  }
  const token = readKept(program) ?? readToken(await run(program, signal), program.file, redaction)
  redaction.add(token)
  return token
}

/** A reply that cannot be used is as good as none: the program is run. */
function readKept({ outputFile }: TokenProgram): string | undefined {
  if (outputFile === undefined) return undefined
  try {
    const reply: unknown = JSON.parse(readSmallFile(NAME, outputFile))
    return isJsonObject(reply) && typeof reply.expiration_time === 'number' ? tokenOf(reply) : undefined
  } catch {
    return undefined
  }
}

/** What the program wrote, whatever it ended with: a refusal is told in the output. */
async function run(program: TokenProgram, signal: AbortSignal | undefined): Promise<string> {
  const { file, timeoutMs } = program
  const end = await runProgram({
    command: file,
    arguments: program.arguments,
    environment: { ...programEnvironment(process.env, program.inherits), ...program.environment },
    timeout: timeoutMs,
    maxOutput: MAX_OUTPUT_BYTES,
    signal,
  })
  if (end.kind === 'ended' && end.status !== undefined) return end.stdout.toString('utf8')
  throw refused(`the program ${file.slice(0, 100)} ${notEnded(end, timeoutMs)}`, CHECK_PROGRAM)
}

function notEnded(end: ProgramEnd, timeoutMs: number): string {
  switch (end.kind) {
    case 'ended':
      return 'was ended by a signal'
    case 'timed-out':
      return `timed out after ${timeoutMs} ms and was ended`
    case 'too-much':
      return `wrote more than ${MAX_OUTPUT_BYTES} bytes and was ended`
    case 'stopped':
      return 'was stopped'
    case 'not-started':
      return `could not be started (${'code' in end.cause ? String(end.cause.code) : end.cause.name})`
  }
}

const CHECK_PROGRAM = 'Run the command of credential_source.executable yourself, as the user of this process.'

function readToken(output: string, file: string, redaction: Redaction): string {
  const reply = parse(output)
  const token = reply === undefined ? undefined : tokenOf(reply)
  if (token !== undefined) return token
  const { code, message } = reply?.success === false ? reply : {}
  const said = code === undefined ? 'no usable token' : `"${redaction.clean(`${code}: ${message}`).slice(0, 200)}"`
  throw refused(`the program ${file.slice(0, 100)} answered ${said}`, CHECK_PROGRAM)
}

function parse(output: string): JsonObject | undefined {
  try {
    const reply: unknown = JSON.parse(output)
    return isJsonObject(reply) ? reply : undefined
  } catch {
    return undefined
  }
}

/** Version 1 of the reply; undefined where it is a refusal, has expired or is none. */
function tokenOf(reply: JsonObject): string | undefined {
  const { version, success, token_type, expiration_time, id_token, saml_response } = reply
  if (version !== 1 || success !== true) return undefined
  if (typeof expiration_time === 'number' && expiration_time * 1000 <= Date.now()) return undefined
  const token = token_type === SAML ? saml_response : id_token
  return typeof token === 'string' && token !== '' ? token : undefined
}

const incomplete = (member: string): DeviceError =>
  settingError(
    NAME,
    `${member} of its credential_source.executable cannot be used`,
    'Create it again: gcloud iam workload-identity-pools create-cred-config.',
  )

const refused = (why: string, remedy: string): DeviceError =>
  new DeviceError('credential.refused', `Could not get the subject token of the credential file: ${why}.`, { remedy })
