import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Secret } from '../../../devices/device.ts'
import { EnrollError } from '../../errors.ts'
import { mediaType } from '../../http-body.ts'
import { authorityOf, connectionsOf, LISTENING_LIMITS, listen } from '../../http-listening.ts'
import { readAtMost } from '../../read-at-most.ts'
import { type PushNotification, readPushNotification } from './push-notification.ts'
import { memorySeenPushes, type SeenPushes } from './seen-pushes.ts'
import { slowAnswers } from './slow-answers.ts'
import { PUSH_SOURCE, sourceAddresses } from './source-addresses.ts'
import { limitStrangers } from './strangers.ts'

export interface PushReceiverOptions {
  /** Default 127.0.0.1: behind a reverse proxy, or named on purpose. */
  readonly host?: string
  /** 0 picks a free one. */
  readonly port: number
  /** The path of the URL given to Sectigo. Default `/`. */
  readonly path?: string
  /** PEM key and certificate; plain HTTP where absent. */
  readonly tls?: { readonly key: string; readonly certificate: string }
  readonly basic?: { readonly user: Secret; readonly password: Secret }
  /** Addresses and networks that may call; Sectigo's documented address where absent. */
  readonly sources?: readonly string[]
  readonly seen?: SeenPushes
  /**
   * Called once for each notification that is new. It must only wake whoever asks the CA: a push is unsigned, so nothing
   * may change because of it alone. Where it throws, the caller gets 500 and may try again.
   */
  readonly onPush: (notification: PushNotification) => Promise<void>
  /** Waits before the answer to a wrong login from this address. Default: longer each time. */
  readonly slow?: (address: string) => Promise<void>
  /** One line per call that was turned away. Holds nothing that was sent but its path. */
  readonly onRefused?: (reason: string) => void
}

export interface PushReceiver {
  readonly url: string
  close(): Promise<void>
}

/** A certificate with its chain as PEM is below 20 KiB. */
const MAX_BODY = 128 << 10

/** Starts the endpoint that Sectigo calls. Throws EnrollError (exit 2) where an address is wrong or the port is taken. */
export async function startPushReceiver(options: PushReceiverOptions): Promise<PushReceiver> {
  const allowed = sourceAddresses(options.sources ?? [PUSH_SOURCE])
  const listener = pushListener(options, allowed)
  const server =
    options.tls === undefined
      ? createServer(LISTENING_LIMITS, listener)
      : createHttpsServer(
          { ...LISTENING_LIMITS, key: options.tls.key, cert: options.tls.certificate, minVersion: 'TLSv1.2' },
          listener,
        )
  server.maxConnections = 64
  limitStrangers(server, allowed)
  const sockets = connectionsOf(server)
  const host = options.host ?? '127.0.0.1'
  const port = await listen(server, host, options.port, (cause) => cannotListen(host, options.port, cause))
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://${authorityOf(host, port)}${options.path ?? '/'}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** How a call is answered; thrown inside, written in one place. */
class Answer extends Error {
  readonly status: number
  constructor(status: number, reason: string) {
    super(reason)
    this.status = status
  }
}

function pushListener(
  options: PushReceiverOptions,
  allowed: (address: string | undefined) => boolean,
): RequestListener {
  const seen = options.seen ?? memorySeenPushes()
  const underWay = new Map<string, Promise<void>>()
  const slow = options.slow ?? slowAnswers()

  async function deliver(parameters: URLSearchParams): Promise<void> {
    const digest = digestOf(parameters)
    const running = underWay.get(digest)
    if (running !== undefined) return running
    // On the list before anything is awaited: the same push may come twice at one moment.
    const work = pass(digest, parameters).finally(() => underWay.delete(digest))
    underWay.set(digest, work)
    return work
  }

  async function pass(digest: string, parameters: URLSearchParams): Promise<void> {
    if (await seen.has(digest)) return
    await options.onPush(readPushNotification(parameters))
    await seen.add(digest)
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    try {
      if (!allowed(request.socket.remoteAddress)) throw new Answer(403, 'the source address is not on the list')
      if (url.pathname !== (options.path ?? '/')) throw new Answer(404, 'no such path')
      if (request.method !== 'GET' && request.method !== 'POST') throw new Answer(405, 'neither GET nor POST')
      if (options.basic !== undefined && !isAuthorized(request, options.basic)) throw new Answer(401, 'no valid login')
      await deliver(request.method === 'GET' ? url.searchParams : await readForm(request))
      response.writeHead(200, { 'content-type': 'text/plain' }).end('OK')
    } catch (error) {
      const status = error instanceof Answer ? error.status : error instanceof EnrollError ? 400 : 500
      const reason =
        error instanceof Answer || error instanceof EnrollError ? error.message : 'it could not be passed on'
      if (status === 401) await slow(request.socket.remoteAddress ?? '')
      options.onRefused?.(`${status} ${url.pathname.slice(0, 100)}: ${reason}`)
      const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="push"' } : {}
      response.writeHead(status, { 'content-type': 'text/plain', connection: 'close', ...challenge }).end()
    }
  }

  return (request, response) => {
    serve(request, response).catch(() => response.destroy())
  }
}

/** The same notification has the same digest, whatever the order of its parameters. */
const digestOf = (parameters: URLSearchParams): string =>
  createHash('sha256')
    .update(JSON.stringify([...parameters].map(([name, value]) => [name.toLowerCase(), value]).sort()))
    .digest('hex')

function isAuthorized(request: IncomingMessage, basic: { readonly user: Secret; readonly password: Secret }): boolean {
  const expected = Buffer.from(`${basic.user.text()}:${basic.password.text()}`).toString('base64')
  const given = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  if (mediaType(request) !== 'application/x-www-form-urlencoded') throw new Answer(415, 'the body is no form')
  const body = await readAtMost(request, MAX_BODY)
  if (body === undefined) throw new Answer(413, `the body is longer than ${MAX_BODY} bytes`)
  return new URLSearchParams(body.toString('utf8'))
}

const cannotListen = (host: string, port: number, cause: unknown): EnrollError =>
  new EnrollError('push.listen', `Could not listen on ${host}:${port}.`, {
    remedy: 'Specify an address of this machine and a port that is free and allowed.',
    cause,
  })
