import { readEndpoint, readSmallFile } from '../http/connection-settings.ts'
import { isJsonObject, type JsonObject } from '../http/json-fields.ts'
import { settingError } from '../setting-reader.ts'

/**
 * Credential configurations as Google's tools write them. External accounts fetch what their file names, and a pluggable one
 * runs a program (only with GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1): a file of unknown origin is not for use.
 */
const CREDENTIAL_TYPES = [
  'service_account',
  'external_account',
  'external_account_authorized_user',
  'impersonated_service_account',
  'authorized_user',
] as const
export type CredentialType = (typeof CREDENTIAL_TYPES)[number]

export interface CredentialFile {
  readonly type: CredentialType
  readonly json: JsonObject
  /** Another token endpoint than Google's own, for service accounts. */
  readonly tokenUrl?: string
}

const NAME = 'credentialsFile'

/** Members that name where a token or a secret is sent. */
const SENT_TO = ['token_url', 'service_account_impersonation_url']

/** Throws DeviceError `device.settings`; never repeats any of the content, which holds keys. */
export function readCredentialFile(path: string): CredentialFile {
  return readCredential(parse(readSmallFile(NAME, path)), path)
}

/** `where` names the file in messages. Throws DeviceError `device.settings`. */
export function readCredential(json: JsonObject | undefined, where: string): CredentialFile {
  const type = CREDENTIAL_TYPES.find((known) => known === json?.type)
  if (json === undefined || type === undefined) {
    const why = json === undefined ? `${where} is not JSON` : `${where} has no known type`
    throw settingError(NAME, why, `Use a credential configuration of type ${CREDENTIAL_TYPES.join(', ')}.`)
  }
  // An impersonating file holds the credential that the tokens come from.
  const source = isJsonObject(json.source_credentials) ? json.source_credentials : json
  for (const member of SENT_TO) {
    for (const url of [json[member], source[member]])
      if (url !== undefined) readEndpoint(`${NAME} (${member})`, String(url))
  }
  const tokenUri = source.token_uri
  if (source.type !== 'service_account' || typeof tokenUri !== 'string') return { type, json }
  return { type, json, tokenUrl: readEndpoint(NAME, tokenUri) }
}

function parse(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text.replace(/^\ufeff/, ''))
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}
