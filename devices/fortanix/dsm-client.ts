import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import type { HttpReply } from '../http/http-reply.ts'
import type { JsonObject } from '../http/json-fields.ts'
import type { Session } from './session.ts'

export interface DsmRequest {
  readonly method: HttpRequest['method']
  /** Path and query, encoded. */
  readonly path: string
  readonly body?: JsonObject
  readonly repeatable: boolean
}

/** Calls of the DSM API with the app's session. A session that DSM ended is opened anew, once per call. */
export class DsmClient {
  readonly http: HttpClient
  readonly session: Session
  readonly #endpoint: string

  constructor(http: HttpClient, session: Session, endpoint: string) {
    this.http = http
    this.session = session
    this.#endpoint = endpoint
  }

  /** Any status but a first 401 is returned. A 401 means that the call was not carried out, so any call may follow it again. */
  async call(request: DsmRequest): Promise<HttpReply> {
    const first = await this.#send(request)
    if (first.status !== 401 || !this.session.forget()) return first
    return this.#send(request)
  }

  /** Without a session: the version is public. */
  async callOpenly(path: string): Promise<HttpReply> {
    return this.http.send({ method: 'GET', url: `${this.#endpoint}${path}`, repeatable: true })
  }

  async #send({ method, path, body, repeatable }: DsmRequest): Promise<HttpReply> {
    const authorization = await this.session.headers()
    return this.http.send({
      method,
      url: `${this.#endpoint}${path}`,
      headers: { ...authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      repeatable,
    })
  }
}
