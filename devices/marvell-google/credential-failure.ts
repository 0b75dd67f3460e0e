import { DeviceError } from '../device.ts'
import { isJsonObject } from '../http/json-fields.ts'
import type { Redaction } from '../http/redaction.ts'
import { readErrorReason } from './error-reasons.ts'

interface Failure {
  readonly message: RegExp
  readonly why: string
  readonly remedy: string
}

const ANEW = 'Create the file again: gcloud iam workload-identity-pools create-cred-config.'

/** What google-auth-library says before anything was sent, by its own words, which may repeat a token and so are not shown. */
const FAILURES: readonly Failure[] = [
  {
    message: /^The file at .* does not exist/s,
    why: 'the file of credential_source cannot be read',
    remedy: 'Check credential_source.file in the credential file, and the permissions of that file.',
  },
  {
    message: /Unable to parse the subject_token|not valid JSON|Unexpected (token|end)/,
    why: 'credential_source does not return a token in the format that it specifies',
    remedy: 'Compare credential_source.format in the credential file with what the file or address returns.',
  },
  { message: /credential_source|subject_token_field_name/, why: 'its credential_source is not complete', remedy: ANEW },
]

const GENERAL: Omit<Failure, 'message'> = {
  why: '',
  remedy: 'Check the credential file or run gcloud auth application-default login; check the clock of this host.',
}

/**
 * What an error of google-auth-library means. It carries the whole request, so nothing of it is kept but the OAuth error and
 * its description.
 */
export function credentialFailure(error: unknown, redaction: Redaction): DeviceError {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    if (at instanceof DeviceError) return at
  }
  const message = error instanceof Error ? error.message : ''
  const status = readStatus(error)
  if (status !== undefined) {
    const data = dataOf(error)
    const said = redaction.clean(oauthError(data) ?? message)
    return refused(said === '' ? '' : ` "${said}"`, remedyFor(data), `HTTP ${status}`)
  }
  if (/Could not load the default credentials/.test(message)) return noCredentials()
  const { why, remedy } = FAILURES.find((known) => known.message.test(message)) ?? GENERAL
  return refused(why === '' ? '' : ` ${why}.`, remedy)
}

/** An access token goes into a header as it is. Throws DeviceError `pin.malformed`. */
export function checkToken(token: string): void {
  if (/^[\x21-\x7e]{8,}$/.test(token)) return
  throw new DeviceError(
    'pin.malformed',
    'Could not use the access token for Google: it holds blanks, line breaks or characters outside of ASCII. Nothing was sent.',
    { remedy: 'Pass what `gcloud auth print-access-token` prints, and nothing else.' },
  )
}

export function noCredentials(): DeviceError {
  return new DeviceError('credential.refused', 'Could not find credentials for Google Cloud.', {
    remedy:
      'Set credentialsFile or GOOGLE_APPLICATION_CREDENTIALS, run gcloud auth application-default login, or use authentication: access-token.',
  })
}

function refused(what: string, remedy: string, vendorCode?: string): DeviceError {
  return new DeviceError(
    'credential.refused',
    `Could not get an access token from Google${what === '' ? '.' : `:${what}`}`,
    {
      remedy,
      vendorCode,
    },
  )
}

const responseOf = (error: unknown): unknown => (error instanceof Error ? Reflect.get(error, 'response') : undefined)

function readStatus(error: unknown): number | undefined {
  const response = responseOf(error)
  const status: unknown =
    typeof response === 'object' && response !== null ? Reflect.get(response, 'status') : undefined
  return typeof status === 'number' ? status : undefined
}

const dataOf = (error: unknown): unknown => {
  const response = responseOf(error)
  return typeof response === 'object' && response !== null ? Reflect.get(response, 'data') : undefined
}

/** By the code of RFC 6749 5.2 and RFC 8693 2.2.2, and by Google's description of it; the first row that fits counts. */
// biome-ignore format: a table, a row a line
const OAUTH_REMEDIES: readonly (readonly [code: string, description: RegExp, remedy: string])[] = [
  ['invalid_grant', /clock|iat|exp\b|timeframe/i, 'Set the clock of this host (NTP): Google does not accept the time of the assertion.'],
  ['invalid_grant', /signature|account not found|key/i, "The service account's key is deleted or disabled: create a new one, or have the account restored."],
  ['invalid_grant', /rapt|reauth/i, 'Log in again: `gcloud auth application-default login`. The organization asks for it every few hours; a job needs a service account.'],
  ['invalid_grant', /revoked|expired|bad request/i, 'The login has expired or was revoked: log in again with `gcloud auth application-default login`, or get a new subject token.'],
  ['invalid_grant', /audience|issuer|attribute|condition/i, 'Compare audience, issuer and attribute condition of the workload identity pool with the subject token.'],
  ['invalid_target', /./, 'Correct `audience` in the credential file: the workload identity pool or provider does not exist, or is disabled.'],
  ['invalid_client', /./, 'The OAuth client is deleted or its secret has changed: log in again with `gcloud auth application-default login`.'],
  ['unauthorized_client', /./, 'Grant the account the Cloud KMS scope, or use a service account of the project.'],
  ['access_denied', /./, 'The organization forbids the login: ask its administrator.'],
]

function remedyFor(data: unknown): string {
  if (!isJsonObject(data)) return GENERAL.remedy
  if (isJsonObject(data.error)) return readErrorReason(data.error)?.meaning.remedy ?? GENERAL.remedy
  const said = `${data.error_description ?? ''} ${data.error_subtype ?? ''}`
  const row = OAUTH_REMEDIES.find(([code, description]) => code === data.error && description.test(said))
  return row?.[2] ?? GENERAL.remedy
}

/** RFC 6749 5.2, or the error of Google's other APIs (google.rpc.Status); undefined where the body is neither. */
function oauthError(data: unknown): string | undefined {
  if (!isJsonObject(data)) return undefined
  if (typeof data.error === 'string') {
    return typeof data.error_description === 'string' ? `${data.error}: ${data.error_description}` : data.error
  }
  if (!isJsonObject(data.error)) return undefined
  const { status, message } = data.error
  return [status, message].filter((part) => typeof part === 'string').join(': ')
}
