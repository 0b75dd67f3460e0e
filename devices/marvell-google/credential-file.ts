import { readEndpoint, readSmallFile } from '../http/connection-settings.ts'
import { isJsonObject, type JsonObject } from '../http/json-fields.ts'
import { settingError } from '../http/setting-reader.ts'

/**
 * Credential configurations as Google's tools write them. External accounts fetch what their file names, and a pluggable one
 * runs a program (only with GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1): a file of unknown origin is not for use.
 */
export const CREDENTIAL_TYPES = [
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

/** Throws DeviceError `device.settings`; never repeats any of the content, which holds keys. */
export function readCredentialFile(path: string): CredentialFile {
  const text = readSmallFile(NAME, path)
  const json = parse(text)
  const type = CREDENTIAL_TYPES.find((known) => known === json?.type)
  if (json === undefined || type === undefined) {
    const why = json === undefined ? `${path} is not JSON` : `${path} has no known type`
    throw settingError(NAME, why, `Use a credential configuration of type ${CREDENTIAL_TYPES.join(', ')}.`)
  }
  // An impersonating file holds the credential that the tokens come from.
  const source = isJsonObject(json.source_credentials) ? json.source_credentials : json
  const tokenUri = source.token_uri
  if (source.type !== 'service_account' || typeof tokenUri !== 'string') return { type, json }
  return { type, json, tokenUrl: readEndpoint(NAME, tokenUri) }
}

function parse(text: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}
