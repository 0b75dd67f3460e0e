import { DeviceError } from '../device.ts'
import type { HttpClient } from '../http/http-client.ts'
import { JsonFields } from '../http/json-fields.ts'
import type { Credential } from './credential.ts'
import { dsmError } from './dsm-error.ts'

/** One session of the app: opened when first needed, kept alive while it is used, opened anew when DSM has ended it. */
export class Session {
  readonly #http: HttpClient
  readonly #endpoint: string
  readonly #credential: Credential
  #token: string | undefined
  #lifetimeMs = 0
  #touched = 0
  /** UUID of the app, once a session is open. */
  entityId: string | undefined

  constructor(http: HttpClient, endpoint: string, credential: Credential) {
    this.#http = http
    this.#endpoint = endpoint
    this.#credential = credential
    this.#token = credential.bearer
  }

  /** Throws DeviceError `credential.refused` where DSM does not accept the credential. */
  async headers(): Promise<Readonly<Record<string, string>>> {
    if (this.#token === undefined) await this.#open()
    else if (this.#lifetimeMs > 0 && performance.now() - this.#touched > this.#lifetimeMs / 2) await this.#refresh()
    this.#touched = performance.now()
    return { authorization: `Bearer ${this.#token}` }
  }

  /** Forgets a session that DSM has ended. False where there is no credential to open another one with. */
  forget(): boolean {
    this.#token = undefined
    return this.#credential.authorization !== undefined
  }

  /** Ends the session at DSM where this run opened it. Never throws: an idle session ends by itself. */
  async terminate(): Promise<void> {
    if (this.#token === undefined || this.#credential.authorization === undefined) return
    const headers = { authorization: `Bearer ${this.#token}` }
    this.#token = undefined
    const url = `${this.#endpoint}/sys/v1/session/terminate`
    await this.#http.send({ method: 'POST', url, headers, repeatable: false }).catch(() => undefined)
  }

  async #open(): Promise<void> {
    const { authorization } = this.#credential
    if (authorization === undefined) {
      throw new DeviceError('credential.refused', 'DSM no longer accepts the token it was given.', {
        remedy: 'Get a new token and resume the run.',
        vendorCode: 'HTTP 401',
      })
    }
    // Opening a session twice leaves an idle one behind and nothing else, so it may be repeated.
    const url = `${this.#endpoint}/sys/v1/session/auth`
    const reply = await this.#http.send({ method: 'POST', url, headers: { authorization }, repeatable: true })
    if (!reply.ok) throw dsmError('Authenticate', 'log in to DSM', reply, this.#http.redaction)
    const fields = new JsonFields(reply.json(), 'the session')
    this.#token = fields.text('access_token')
    this.#http.redaction.add(this.#token)
    this.#lifetimeMs = (fields.optionalNumber('expires_in') ?? 0) * 1000
    this.entityId = fields.optionalText('entity_id')
  }

  async #refresh(): Promise<void> {
    const url = `${this.#endpoint}/sys/v1/session/refresh`
    const headers = { authorization: `Bearer ${this.#token}` }
    const reply = await this.#http.send({ method: 'POST', url, headers, repeatable: true })
    if (reply.status === 401) {
      this.forget()
      await this.#open()
    }
  }
}
