/** A service on loopback that holds every request and every reply against the published definition of its API. */
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { readAtMost } from '../../read-at-most.ts'
import { type ApiCall, matchCall } from './api-definition.ts'
import { type EnumerationForm, withEnumerations } from './enumerations.ts'
import { type Fault, FaultPlan } from './fault.ts'
import { type FieldType, violations } from './message-definition.ts'

export interface ReceivedCall {
  readonly name: string
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: Record<string, unknown>
  readonly authorization: string
  /** DER of the TLS client certificate. */
  readonly clientCertificate?: Uint8Array
}

export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface HttpDoubleOptions {
  readonly calls: readonly ApiCall[]
  /** Query parameters of every call. */
  readonly systemParameters?: Readonly<Record<string, FieldType>>
  readonly answer: (call: ReceivedCall) => Answer | Promise<Answer>
  /** How this service words an error. */
  readonly error: (status: number, message: string) => unknown
  /** TLS with this key and certificate; plain HTTP where absent. */
  readonly tls?: ServerOptions
}

const MAX_REQUEST_BYTES = 1 << 20

export class HttpDouble {
  readonly faults = new FaultPlan()
  /** Names of the calls that arrived, in order; faults included. */
  readonly log: string[] = []
  /** Replies of ours that the definition does not allow: a defect of the double. Tests look that there are none. */
  readonly defects: string[] = []
  readonly #options: HttpDoubleOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(options: HttpDoubleOptions) {
    this.#options = options
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch((error: unknown) => {
        this.defects.push(String(error))
        this.#end(response, { status: 500, body: options.error(500, 'the double failed') })
      })
    }
    this.#server = options.tls === undefined ? createHttpServer(handle) : createHttpsServer(options.tls, handle)
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('error', () => undefined)
    })
  }

  /** Listens on an ephemeral port of 127.0.0.1; returns the origin. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const { port } = this.#server.address() as AddressInfo
    return this.#options.tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(request)
    const url = new URL(request.url ?? '/', 'http://double')
    const matched = matchCall(this.#options.calls, request.method ?? '', url.pathname)
    if (matched === undefined) {
      this.log.push(`${request.method} ${url.pathname}`)
      return this.#refuse(response, 404, 'no such call')
    }
    const { call, params } = matched
    this.log.push(call.name)
    const fault = this.faults.take(call.name)
    if (fault?.kind === 'slow') await delay(fault.ms, undefined, { ref: false })
    if (isBeforeWork(fault) && this.#spoil(request, response, fault)) return
    const parameters = { ...this.#options.systemParameters, ...call.query }
    const query = readQuery(url.searchParams, parameters)
    const body = withEnumerations(readRequestBody(call, text), call.request, 'names')
    const wrong = [...queryViolations(query, parameters), ...bodyViolations(call, body, text)]
    if (wrong.length > 0) return this.#refuse(response, 400, wrong.join('; '))
    const answer = await this.#options.answer({
      name: call.name,
      params,
      query: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)])),
      body: isObject(body) ? body : {},
      authorization: request.headers.authorization ?? '',
      ...clientCertificateOf(request.socket),
    })
    this.#checkAnswer(call, answer)
    const written = { ...answer, body: writeReply(call, answer, query.$alt) }
    if (fault !== undefined && this.#spoil(request, response, fault, written)) return
    this.#end(response, written)
  }

  /** True when the fault took the place of the answer. */
  #spoil(request: IncomingMessage, response: ServerResponse, fault: Fault, answer?: Answer): boolean {
    if (fault.kind === 'drop') {
      request.socket.destroy()
      return true
    }
    if (fault.kind === 'status') {
      this.#end(response, {
        status: fault.status,
        body: fault.body ?? this.#options.error(fault.status, 'a fault that was asked for'),
        headers: fault.headers,
      })
      return true
    }
    if (fault.kind === 'alter' && answer !== undefined && isObject(answer.body)) {
      const altered: unknown = structuredClone(answer.body)
      if (isObject(altered)) fault.change(altered)
      this.#end(response, { ...answer, body: altered })
      return true
    }
    return false
  }

  #checkAnswer(call: ApiCall, { status, body }: Answer): void {
    if (status >= 300) return
    const type = call.reply
    const wrong =
      type === undefined ? (body === undefined ? [] : ['a body where none belongs']) : violations(body, type, 'reply')
    this.defects.push(...wrong.map((line) => `${call.name}: ${line}`))
  }

  #refuse(response: ServerResponse, status: number, message: string): void {
    this.#end(response, { status, body: this.#options.error(status, message) })
  }

  #end(response: ServerResponse, { status, body, headers }: Answer): void {
    const json = body !== undefined && typeof body !== 'string'
    const text = body === undefined ? '' : json ? JSON.stringify(body) : String(body)
    response.writeHead(status, { 'content-type': json ? 'application/json' : 'text/plain', ...headers })
    response.end(text)
  }
}

/** Without `afterWork` the call is not carried out. */
function isBeforeWork(fault: Fault | undefined): fault is Fault & { readonly kind: 'status' | 'drop' } {
  return (fault?.kind === 'status' || fault?.kind === 'drop') && fault.afterWork !== true
}

function readRequestBody(call: ApiCall, text: string): unknown {
  if (call.form) return Object.fromEntries(new URLSearchParams(text))
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A query parameter is text; its definition says what it means. */
function readQuery(
  given: URLSearchParams,
  parameters: Readonly<Record<string, FieldType>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...given].map(([name, text]) => {
      const type = Object.hasOwn(parameters, name) ? parameters[name] : undefined
      return [name, type === undefined ? text : withEnumerations(readParameter(text, type), type, 'names')]
    }),
  )
}

function readParameter(text: string, type: FieldType): unknown {
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (typeof type === 'object' && 'enumeration' in type) return /^\d+$/.test(text) ? Number(text) : text
  return type === 'number' ? Number(text) : text
}

function queryViolations(
  query: Readonly<Record<string, unknown>>,
  parameters: Readonly<Record<string, FieldType>>,
): readonly string[] {
  return Object.entries(query).flatMap(([name, value]) => {
    const type = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    return type === undefined ? [`no query parameter ${name}`] : violations(value, type, name)
  })
}

function bodyViolations(call: ApiCall, body: unknown, text: string): readonly string[] {
  if (call.request !== undefined) return violations(body, call.request, 'body')
  return text === '' ? [] : ['the call has no body']
}

/** What a call replies, its enumerations as the client asked for them; an error as it is. */
function writeReply(call: ApiCall, { status, body }: Answer, alt: unknown): unknown {
  const form: EnumerationForm = alt === 'json;enum-encoding=int' ? 'numbers' : 'names'
  return status < 300 ? withEnumerations(body, call.reply, form) : body
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function clientCertificateOf(socket: Socket): { readonly clientCertificate?: Uint8Array } {
  const peer: unknown =
    'getPeerCertificate' in socket && typeof socket.getPeerCertificate === 'function'
      ? socket.getPeerCertificate()
      : undefined
  return isObject(peer) && peer.raw instanceof Uint8Array ? { clientCertificate: peer.raw } : {}
}

async function readText(request: IncomingMessage): Promise<string> {
  const body = await readAtMost(request, MAX_REQUEST_BYTES)
  if (body === undefined) throw new Error('request too large')
  return body.toString()
}
