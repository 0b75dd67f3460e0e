import { DeviceError } from '../device.ts'
import { isJsonObject } from '../http/json-fields.ts'
import type { Redaction } from '../http/redaction.ts'

interface Failure {
  readonly message: RegExp
  readonly why: string
  readonly remedy: string
}

const ANEW = 'Write the file anew: gcloud iam workload-identity-pools create-cred-config.'

/** What google-auth-library says before anything was sent, by its own words, which may repeat a token and so are not shown. */
const FAILURES: readonly Failure[] = [
  {
    message: /^The file at .* does not exist/s,
    why: 'the file of credential_source cannot be read',
    remedy: 'Check credential_source.file of the credential file, and who may read it.',
  },
  {
    message: /Unable to parse the subject_token|not valid JSON|Unexpected (token|end)/,
    why: 'what credential_source gives is no token of the form that it names',
    remedy: 'Compare credential_source.format of the credential file with what the file or address gives.',
  },
  { message: /credential_source|subject_token_field_name/, why: 'its credential_source is not complete', remedy: ANEW },
]

const GENERAL: Omit<Failure, 'message'> = {
  why: '',
  remedy: 'Check the credential file or run gcloud auth application-default login; compare the clock of this host.',
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
    const said = redaction.clean(oauthError(error) ?? message)
    return refused(said === '' ? '' : ` "${said}"`, GENERAL.remedy, `HTTP ${status}`)
  }
  if (/Could not load the default credentials/.test(message)) return noCredentials()
  const { why, remedy } = FAILURES.find((known) => known.message.test(message)) ?? GENERAL
  return refused(why === '' ? '' : ` ${why}.`, remedy)
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

/** RFC 6749 5.2, or the error of Google's other APIs (google.rpc.Status); undefined where the body is neither. */
function oauthError(error: unknown): string | undefined {
  const response = responseOf(error)
  const data: unknown = typeof response === 'object' && response !== null ? Reflect.get(response, 'data') : undefined
  if (!isJsonObject(data)) return undefined
  if (typeof data.error === 'string') {
    return typeof data.error_description === 'string' ? `${data.error}: ${data.error_description}` : data.error
  }
  if (!isJsonObject(data.error)) return undefined
  const { status, message } = data.error
  return [status, message].filter((part) => typeof part === 'string').join(': ')
}
