import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import type { HttpReply } from '../http/http-reply.ts'
import type { JsonObject } from '../http/json-fields.ts'
import type { GoogleCredentials } from './google-credentials.ts'
import { type KmsCall, kmsError } from './kms-error.ts'

export interface KmsRequest {
  readonly call: KmsCall
  readonly method: HttpRequest['method']
  /** Full resource name, with `:verb` where the call has one. */
  readonly resource: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: JsonObject
  readonly repeatable: boolean
}

/** Calls of the Cloud KMS REST API v1. */
export class KmsClient {
  readonly http: HttpClient
  readonly #credentials: GoogleCredentials
  readonly #endpoint: string

  constructor(http: HttpClient, credentials: GoogleCredentials, endpoint: string) {
    this.http = http
    this.#credentials = credentials
    this.#endpoint = endpoint
  }

  /** Any status is returned but a first 401: the token is renewed once, since a call so refused was not carried out. */
  async call(request: KmsRequest): Promise<HttpReply> {
    const first = await this.#send(request)
    if (first.status !== 401 || !this.#credentials.forget()) return first
    return this.#send(request)
  }

  /** The JSON of a good reply. Throws DeviceError; `what` completes "Could not …". */
  async read(request: KmsRequest, what: string): Promise<unknown> {
    const reply = await this.call(request)
    if (!reply.ok) throw this.error(request, what, reply)
    return reply.json()
  }

  error(request: KmsRequest, what: string, reply: HttpReply): Error {
    return kmsError(request.call, what, request.resource.replace(/:\w+$/, ''), reply, this.http.redaction)
  }

  async #send({ method, resource, query, body, repeatable }: KmsRequest): Promise<HttpReply> {
    const search = query === undefined ? '' : `?${new URLSearchParams(query)}`
    const authorization = await this.#credentials.headers()
    return this.http.send({
      method,
      url: `${this.#endpoint}/v1/${resource}${search}`,
      headers: { ...authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      repeatable,
    })
  }
}
