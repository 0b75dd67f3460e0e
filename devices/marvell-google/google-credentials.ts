import { createPrivateKey } from 'node:crypto'
import type { AuthClient, JWTInput } from 'google-auth-library'
import type { OpenOptions } from '../device.ts'
import type { HttpClient } from '../http/http-client.ts'
import { isJsonObject, type JsonObject } from '../http/json-fields.ts'
import { settingError } from '../setting-reader.ts'
import { checkToken, credentialFailure, noCredentials } from './credential-failure.ts'
import { type CredentialFile, readCredential, readCredentialFile } from './credential-file.ts'
import { readTokenProgram, subjectToken } from './executable-token.ts'
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
      throw credentialFailure(error, this.#http.redaction)
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
    return isJsonObject(json) ? this.#fromFile(library, readCredential(json, 'the default credential file')) : client
  }

  async #fromToken(library: Library): Promise<AuthClient> {
    const secret = await this.#ask({ name: 'token', prompt: 'Access token for Cloud KMS' })
    if (secret === undefined) throw noCredentials()
    const token = secret.text().trim()
    checkToken(token)
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
    const client = auth.fromJSON(this.#withProgram(source), { transporterOptions: { fetchImplementation } })
    if (type !== 'impersonated_service_account') return this.#bindSts(client)
    // The library drops the transport options on this path, so the two halves are put together here.
    const url = String(json.service_account_impersonation_url ?? '')
    const target = /serviceAccounts\/([^/:?#%]+):generateAccessToken$/.exec(url)?.[1]
    if (target === undefined)
      throw settingError('credentialsFile', 'its impersonation URL contains no account', 'Create it again with gcloud.')
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
      endpoint,
      transporterOptions: { fetchImplementation: googleFetch(this.#http) },
    })
  }

  /** The program of a pluggable account is run here, and its token handed to the library. */
  #withProgram(source: JWTInput): JWTInput {
    const program = readTokenProgram({ ...source }, this.#settings.programEnvironment)
    if (program === undefined) return source
    const { redaction, signal } = this.#http
    const { credential_source: _source, ...account }: JsonObject = { ...source }
    const supplier = { getSubjectToken: () => subjectToken(program, redaction, signal) }
    return credentialInput({ ...account, subject_token_supplier: supplier })
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
}

/** The library checks the members itself; here it only has to be an object with a type. */
function credentialInput(json: unknown): JWTInput {
  if (isJsonObject(json) && typeof json.type === 'string') return { ...json }
  throw settingError('credentialsFile', 'its source_credentials are missing', 'Create it again with gcloud.')
}

function checkServiceAccountKey({ private_key }: JWTInput): void {
  try {
    createPrivateKey(private_key ?? '')
  } catch {
    throw settingError('credentialsFile', 'its private_key is not a PEM private key', 'Download the key file again.')
  }
}
