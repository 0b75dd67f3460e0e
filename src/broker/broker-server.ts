import { constants } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { TLSSocket } from 'node:tls'
import { MAX_REQUEST } from '../broker-client/messages.ts'
import { EnrollError } from '../errors.ts'
import { mediaType } from '../http-body.ts'
import { authorityOf, connectionsOf, LISTENING_LIMITS, listen } from '../http-listening.ts'
import { readAtMost } from '../read-at-most.ts'
import { type Answer, faultAnswer, Refusal } from './answer.ts'
import type { BrokerSettings } from './broker-settings.ts'
import { type Caller, callerOf } from './callers.ts'
import type { OrderDesk } from './order-desk.ts'
import { ROUTES, type Route } from './routes.ts'

/** One call as it was answered; holds nothing that was sent but the name of the route. */
export interface CallRecord {
  readonly route: string
  readonly method: string
  readonly status: number
  /** Who called; undefined for a stranger. */
  readonly caller: string | undefined
  readonly milliseconds: number
  /** Why it was turned away. */
  readonly code?: string
  readonly order?: { readonly spkiSha256: string; readonly state: string; readonly orderNumber?: string }
}

export interface BrokerServerOptions {
  readonly settings: BrokerSettings
  /** PEM. */
  readonly tls: { readonly key: string; readonly certificate: string }
  readonly desk: OrderDesk
  readonly now: () => number
  readonly onCall: (record: CallRecord) => void
  /** What is no answer of ours: a defect, for the log. */
  readonly onDefect: (error: unknown) => void
}

export interface BrokerServer {
  readonly url: string
  /** Takes no more calls, and resolves once those under way are answered: an order is never cut off. */
  close(): Promise<void>
}

/** Milliseconds between two calls of a host over one connection. */
const KEEP_ALIVE = 60_000
const MAX_CONNECTIONS = 512

/** Starts the endpoint that hosts and people call. Throws EnrollError `broker.listen`. */
export async function startBrokerServer(options: BrokerServerOptions): Promise<BrokerServer> {
  const { host, port } = options.settings
  const server = createTlsServer(options.tls)
  server.maxConnections = MAX_CONNECTIONS
  const sockets = connectionsOf(server)
  const underWay = new Set<Promise<void>>()
  let closing = false
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // A host that still has a connection may call over it until it is told that this was the last one.
    const work = serve(request, response, options, () => closing).catch((error: unknown) => {
      options.onDefect(error)
      response.destroy()
    })
    underWay.add(work)
    void work.finally(() => underWay.delete(work))
  })
  const taken = await listen(server, host, port, (cause) => cannotListen(host, port, cause))
  return {
    url: `https://${authorityOf(host, taken)}`,
    close: async () => {
      closing = true
      const closed = new Promise<void>((done) => server.close(() => done()))
      server.closeIdleConnections()
      while (underWay.size > 0) await Promise.all(underWay)
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

function createTlsServer({ key, certificate }: BrokerServerOptions['tls']): Server {
  try {
    return createServer({
      ...LISTENING_LIMITS,
      keepAliveTimeout: KEEP_ALIVE,
      key,
      cert: certificate,
      minVersion: 'TLSv1.2',
      requestCert: true,
      // Who issued a client certificate does not matter: its key is pinned, and looked at with every call.
      rejectUnauthorized: false,
      // A resumed session would show no certificate.
      secureOptions: constants.SSL_OP_NO_TICKET,
    })
  } catch (cause) {
    throw new EnrollError('broker.listen', 'Could not listen: TLS does not accept key and certificate.', {
      remedy: 'Specify an unencrypted PEM key, and its PEM certificate chain with its own certificate first.',
      cause,
    })
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: BrokerServerOptions,
  isLast: () => boolean,
): Promise<void> {
  const begun = performance.now()
  const url = targetOf(request)
  const route = ROUTES.find(
    ({ path, method }) => url !== undefined && path.test(url.pathname) && method === request.method,
  )
  let caller: Caller | undefined
  let answer: Answer
  try {
    caller = identify(request, options)
    answer = await answerCall(request, url, route, caller, options.desk)
  } catch (error) {
    if (!(error instanceof EnrollError) && !(error instanceof Refusal)) options.onDefect(error)
    answer = faultAnswer(error)
  }
  const text = `${JSON.stringify(answer.body)}\n`
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...(answer.retryAfter === undefined ? {} : { 'retry-after': String(answer.retryAfter) }),
    // What is left of a body that was not read is not read either.
    ...(request.complete && !isLast() ? {} : { connection: 'close' }),
  })
  response.end(text)
  options.onCall(recordOf(request.method ?? '', route, caller, answer, performance.now() - begun))
}

/** Undefined where the request line has what no address can be made of, such as `//`. */
function targetOf({ url = '/' }: IncomingMessage): URL | undefined {
  return URL.canParse(url, BASE) ? new URL(url, BASE) : undefined
}

const BASE = 'https://broker'

function identify(request: IncomingMessage, { settings, now }: BrokerServerOptions): Caller {
  const found = request.socket instanceof TLSSocket ? callerOf(request.socket, settings, now()) : 'is missing'
  if (typeof found !== 'string') return found
  throw new Refusal(
    401,
    'broker.refused',
    `The broker refused the call: the client certificate ${found}.`,
    'Pin it in the broker’s file: `hsm-enroll broker --pin CERTIFICATE` prints the pin.',
  )
}

async function answerCall(
  request: IncomingMessage,
  url: URL | undefined,
  route: Route | undefined,
  caller: Caller,
  desk: OrderDesk,
): Promise<Answer> {
  if (url === undefined || route === undefined) {
    const known = url !== undefined && ROUTES.some(({ path }) => path.test(url.pathname))
    throw new Refusal(
      known ? 405 : 404,
      'broker.refused',
      'The broker has no such call.',
      'See contrib/openapi/broker.json.',
    )
  }
  if (route.caller !== caller.kind) {
    const whose = route.caller === 'host' ? 'hosts' : 'people'
    throw new Refusal(403, 'broker.refused', `The broker takes this call from ${whose} only.`, 'Use their certificate.')
  }
  const parameters = route.path.exec(url.pathname)?.slice(1) ?? []
  const body = route.method === 'POST' ? await readJson(request) : undefined
  return route.handle({ caller, parameters, query: url.searchParams, body }, desk)
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  if (mediaType(request) !== 'application/json') throw refusedBody(415, 'it is not application/json')
  const body = await readAtMost(request, MAX_REQUEST).catch(() => {
    // The caller hung up, or took too long: nobody reads this, but the log has it.
    throw refusedBody(400, 'it was cut off')
  })
  if (body === undefined) throw refusedBody(413, `it is longer than ${MAX_REQUEST} bytes`)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw refusedBody(400, 'it is not JSON in UTF-8')
  }
}

const refusedBody = (status: number, why: string): Refusal =>
  new Refusal(status, 'broker.refused', `The broker refused the message: ${why}.`, 'See contrib/openapi/broker.json.')

function recordOf(
  method: string,
  route: Route | undefined,
  caller: Caller | undefined,
  { status, body }: Answer,
  time: number,
): CallRecord {
  const { spkiSha256, state, orderNumber, error } = body as Record<string, unknown>
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  return {
    route: route?.name ?? 'none',
    method: method.slice(0, 10),
    status,
    caller: caller === undefined ? undefined : caller.kind === 'host' ? caller.host.name : caller.person.name,
    milliseconds: Math.round(time),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof spkiSha256 === 'string' && typeof state === 'string'
      ? { order: { spkiSha256, state, ...(typeof orderNumber === 'string' ? { orderNumber } : {}) } }
      : {}),
  }
}

const cannotListen = (host: string, port: number, cause: unknown): EnrollError =>
  new EnrollError('broker.listen', `Could not listen on ${host}:${port}.`, {
    remedy: 'Specify an address of this machine and a port that is free and allowed.',
    cause,
  })
