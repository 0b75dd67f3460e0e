import { createPrivateKey } from 'node:crypto'
import type { AuthClient, JWTInput } from 'google-auth-library'
import { DeviceError, type OpenOptions } from '../device.ts'
import type { HttpClient } from '../http/http-client.ts'
import { isJsonObject, type JsonObject } from '../http/json-fields.ts'
import { settingError } from '../http/setting-reader.ts'
import { type CredentialFile, readCredentialFile } from './credential-file.ts'
import { GOOGLE_TOKEN_URL, googleFetch } from './google-transport.ts'
import type { MarvellGoogleSettings } from './settings.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloudkms'

type Library = typeof import('google-auth-library')

/** Access tokens from google-auth-library: Application Default Credentials, a named file, impersonation, or a token given. */
export class GoogleCredentials {
  readonly #http: HttpClient
  readonly #settings: MarvellGoogleSettings
  readonly #ask: OpenOptions['secret']
  #client: Promise<AuthClient> | undefined

  constructor(http: HttpClient, settings: MarvellGoogleSettings, ask: OpenOptions['secret']) {
    this.#http = http
    this.#settings = settings
    this.#ask = ask
  }

  /** Authorization, and the quota project where the credential names one. Throws DeviceError `credential.refused`. */
  async headers(): Promise<Readonly<Record<string, string>>> {
    try {
      this.#client ??= this.#load()
      const headers = Object.fromEntries(await (await this.#client).getRequestHeaders())
      this.#http.redaction.add(headers.authorization?.replace(/^Bearer /, '') ?? '')
      return headers
    } catch (error) {
      this.#client = undefined
      throw this.#explain(error)
    }
  }

  /** Forgets the token after a 401. False where no other can be had. */
  forget(): boolean {
    this.#client = undefined
    return this.#settings.authentication !== 'access-token'
  }

  async #load(): Promise<AuthClient> {
    const library = await import('google-auth-library')
    const client = await this.#loadSource(library)
    const { impersonate } = this.#settings
    return impersonate === undefined ? client : this.#impersonate(library, client, impersonate, [])
  }

  async #loadSource(library: Library): Promise<AuthClient> {
    if (this.#settings.authentication === 'access-token') return this.#fromToken(library)
    const path = this.#settings.credentialsFile ?? process.env.GOOGLE_APPLICATION_CREDENTIALS
    if (path !== undefined && path !== '') return this.#fromFile(library, readCredentialFile(path))
    const auth = new library.GoogleAuth({
      scopes: SCOPE,
      // Named, or the library would run gcloud to find a project that nothing here needs.
      projectId: this.#settings.place.ring.split('/')[1] ?? '',
      clientOptions: { transporterOptions: { fetchImplementation: googleFetch(this.#http) } },
    })
    const client = await auth.getClient()
    const json: unknown = auth.jsonContent
    if (!(client instanceof library.Impersonated) || !isImpersonation(json)) return this.#bindSts(client)
    return this.#fromFile(library, { type: 'impersonated_service_account', json })
  }

  async #fromToken(library: Library): Promise<AuthClient> {
    const secret = await this.#ask({ name: 'token', prompt: 'Access token for Cloud KMS' })
    if (secret === undefined) throw missing()
    const token = secret.text().trim()
    this.#http.redaction.add(token)
    const client = new library.OAuth2Client()
    client.setCredentials({ access_token: token })
    return client
  }

  #fromFile(library: Library, { type, json, tokenUrl }: CredentialFile): AuthClient {
    const source = credentialInput(type === 'impersonated_service_account' ? json.source_credentials : json)
    this.#rememberSecrets(source)
    if (source.type === 'service_account') checkServiceAccountKey(source)
    const fetchImplementation = googleFetch(this.#http, tokenUrl ?? GOOGLE_TOKEN_URL)
    const auth = new library.GoogleAuth({ scopes: SCOPE })
    const client = auth.fromJSON(source, { transporterOptions: { fetchImplementation } })
    if (type !== 'impersonated_service_account') return this.#bindSts(client)
    // The library drops the transport options on this path, so the two halves are put together here.
    const url = String(json.service_account_impersonation_url ?? '')
    const target = /serviceAccounts\/([^/:]+):generateAccessToken$/.exec(url)?.[1]
    if (target === undefined)
      throw settingError('credentialsFile', 'its impersonation URL names no account', 'Write it anew with gcloud.')
    const delegates = Array.isArray(json.delegates) ? json.delegates.map(String) : []
    return this.#impersonate(library, this.#bindSts(client), target, delegates, new URL(url).origin)
  }

  #impersonate(
    library: Library,
    sourceClient: AuthClient,
    targetPrincipal: string,
    delegates: string[],
    endpoint?: string,
  ): AuthClient {
    return new library.Impersonated({
      sourceClient,
      targetPrincipal,
      delegates,
      targetScopes: [SCOPE],
      ...(endpoint === undefined ? {} : { endpoint }),
      transporterOptions: { fetchImplementation: googleFetch(this.#http) },
    })
  }

  /** The library's token exchange (workload identity) makes a transport of its own; it is given ours. */
  #bindSts(client: AuthClient): AuthClient {
    const exchange: unknown = Reflect.get(client, 'stsCredential')
    if (typeof exchange === 'object' && exchange !== null && 'transporter' in exchange) {
      exchange.transporter = client.transporter
    }
    return client
  }

  #rememberSecrets({ private_key, refresh_token, client_secret }: JWTInput): void {
    for (const value of [private_key, refresh_token, client_secret]) {
      if (typeof value === 'string') this.#http.redaction.add(value)
    }
  }

  /** The library's errors carry the whole request, so nothing of them is kept but the OAuth error code and its text. */
  #explain(error: unknown): DeviceError {
    for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
      if (at instanceof DeviceError) return at
    }
    const status = readStatus(error)
    const message = error instanceof Error ? error.message : ''
    if (status === undefined && /Could not load the default credentials/.test(message)) return missing()
    const said = status === undefined ? '' : ` "${this.#http.redaction.clean(message)}"`
    return new DeviceError('credential.refused', `Could not get an access token from Google.${said}`, {
      remedy: 'Check the credential file or run gcloud auth application-default login; compare the clock of this host.',
      ...(status === undefined ? {} : { vendorCode: `HTTP ${status}` }),
    })
  }
}

function readStatus(error: unknown): number | undefined {
  const response: unknown = error instanceof Error ? Reflect.get(error, 'response') : undefined
  const status: unknown =
    typeof response === 'object' && response !== null ? Reflect.get(response, 'status') : undefined
  return typeof status === 'number' ? status : undefined
}

function isImpersonation(json: unknown): json is JsonObject {
  return isJsonObject(json) && isJsonObject(json.source_credentials)
}

/** The library checks the members itself; here it only has to be an object with a type. */
function credentialInput(json: unknown): JWTInput {
  if (isJsonObject(json) && typeof json.type === 'string') return { ...json }
  throw settingError('credentialsFile', 'its source_credentials are missing', 'Write it anew with gcloud.')
}

function checkServiceAccountKey({ private_key }: JWTInput): void {
  try {
    createPrivateKey(private_key ?? '')
  } catch {
    throw settingError('credentialsFile', 'its private_key is not a PEM private key', 'Download the key file again.')
  }
}

function missing(): DeviceError {
  return new DeviceError('credential.refused', 'Could not find credentials for Google Cloud.', {
    remedy:
      'Set credentialsFile or GOOGLE_APPLICATION_CREDENTIALS, run gcloud auth application-default login, or use authentication: access-token.',
  })
}
