import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { SecureContext, TLSSocket } from 'node:tls'
import { withTimeout } from '../../../devices/with-timeout.ts'
import { connectTls } from './connect.ts'
import { DEFAULT_TIMEOUTS, type Exchange, MAX_REPLY, type Timeouts } from './exchange.ts'

export interface SendOptions {
  readonly url: URL
  readonly method: 'GET' | 'HEAD' | 'POST'
  /** Absent for GET and HEAD. */
  readonly body?: string
  /** Of the body. Default: application/x-www-form-urlencoded. */
  readonly contentType?: string
  /** Headers of the reply that are wanted beside the usual ones, lower case. */
  readonly wanted?: readonly string[]
  readonly secureContext: SecureContext
  readonly proxy?: URL
  readonly timeouts?: Timeouts
  readonly maxReply?: number
  /** A reply that ends with the connection, without a length or chunks, is taken all the same: what it holds shows whether it is whole. */
  readonly endsItself?: boolean
  readonly signal?: AbortSignal
}

/**
 * One request over one fresh connection: no keep-alive, no redirect, no second attempt. Never throws; every end is data.
 */
export async function send(options: SendOptions): Promise<Exchange> {
  const timeouts = options.timeouts ?? DEFAULT_TIMEOUTS
  let socket: TLSSocket
  try {
    socket = await connectTls({
      url: options.url,
      secureContext: options.secureContext,
      signal: withTimeout(AbortSignal.timeout(timeouts.connect), options.signal),
      ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
    })
  } catch (error) {
    return options.signal?.aborted === true ? CANCELLED : notSent(options.url, error)
  }
  if (options.signal?.aborted === true) {
    socket.destroy()
    return CANCELLED
  }
  return exchange(socket, options, timeouts.reply)
}

const CANCELLED: Exchange = {
  kind: 'not-sent',
  reason: 'it was cancelled before anything was sent',
  remedy: 'Start it again.',
}

/** From here on the server may have read the request, whatever happens. */
function exchange(socket: TLSSocket, options: SendOptions, timeout: number): Promise<Exchange> {
  const { url, method, body } = options
  const signal = withTimeout(AbortSignal.timeout(timeout), options.signal)
  return new Promise((resolve) => {
    const request = httpRequest({
      // Without an agent, so that this very connection is used and no other is ever opened.
      createConnection: () => socket,
      method,
      path: url.pathname + url.search,
      signal,
      headers: {
        host: url.host,
        accept: '*/*',
        'user-agent': 'hsm-enroll',
        connection: 'close',
        ...(body === undefined
          ? {}
          : {
              'content-type': options.contentType ?? 'application/x-www-form-urlencoded',
              'content-length': String(Buffer.byteLength(body)),
            }),
      },
    })
    const unknown = (error: unknown) => {
      socket.destroy()
      resolve({ kind: 'unknown', reason: lossOf(error, signal, options.signal) })
    }
    request.once('error', unknown)
    // Nobody asked for another protocol: what follows a 101 is no reply.
    request.once('upgrade', () => unknown(new CutReply('the server switched the protocol without being asked', '')))
    request.once('response', (response) => {
      request.off('error', unknown)
      request.on('error', () => undefined)
      readReply(response, options)
        .then(resolve, (error: unknown) =>
          resolve({
            kind: 'unknown',
            reason: lossOf(error, signal, options.signal),
            ...(error instanceof CutReply && error.partial !== '' ? { partial: error.partial } : {}),
          }),
        )
        .finally(() => socket.destroy())
    })
    request.end(body)
  })
}

class CutReply extends Error {
  readonly partial: string
  constructor(message: string, partial: string) {
    super(message)
    this.partial = partial
  }
}

async function readReply(response: IncomingMessage, options: SendOptions): Promise<Exchange> {
  const { maxReply: limit = MAX_REPLY, endsItself = false } = options
  const chunks: Buffer[] = []
  let length = 0
  const partial = () => Buffer.concat(chunks).toString('utf8').slice(0, 2000)
  try {
    for await (const chunk of response) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
      length += bytes.length
      if (length > limit) throw new CutReply(`the reply is longer than ${limit} bytes`, partial())
      chunks.push(bytes)
    }
  } catch (error) {
    if (error instanceof CutReply) throw error
    throw new CutReply('the reply ended early', partial())
  }
  if (response.headers['content-encoding'] !== undefined) {
    throw new CutReply('the reply is compressed although that was not requested', '')
  }
  // Order 7654321 that breaks off reads as order 7. TLS would tell an end from a cut, but Node.js does not pass that on.
  if (length > 0 && !endsItself && !declaresEnd(response)) {
    throw new CutReply('the reply does not state its length, so part of it may be missing', partial())
  }
  const type = (response.headers['content-type'] ?? '').split(';')[0] ?? ''
  const { location } = response.headers
  return {
    kind: 'reply',
    status: response.statusCode ?? 0,
    contentType: type.trim().toLowerCase(),
    ...(location === undefined ? {} : { location }),
    ...(options.wanted === undefined ? {} : { headers: wantedHeaders(response, options.wanted) }),
    body: Buffer.concat(chunks),
  }
}

const wantedHeaders = ({ headers }: IncomingMessage, wanted: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    wanted.flatMap((name) => {
      const value = headers[name]
      return value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]]
    }),
  )

/** RFC 9112, 6.3: by a length, or by chunks, the last of which is empty. */
const declaresEnd = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] !== undefined || /(^|,)\s*chunked\s*$/i.test(headers['transfer-encoding'] ?? '')

function lossOf(error: unknown, timeout: AbortSignal, user: AbortSignal | undefined): string {
  if (user?.aborted === true) return 'it was cancelled after the request had been sent'
  if (timeout.aborted) return 'there was no answer in time'
  if (error instanceof CutReply) return error.message
  return `the connection was lost after the request had been sent (${codeOf(error)})`
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'no code'

/** Node's error codes and what a person can do about each. TLS verification codes are OpenSSL's names. */
const CONNECT_REMEDIES: readonly { readonly pattern: RegExp; readonly what: string; readonly remedy: string }[] = [
  { pattern: /^(ENOTFOUND|EAI_)/, what: 'its name was not found', remedy: 'Check the address and the name server.' },
  { pattern: /^ECONNREFUSED$/, what: 'it refused the connection', remedy: 'Check the address and the port.' },
  {
    pattern: /^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/,
    what: 'it cannot be reached',
    remedy: 'Check the network, and whether a proxy is needed.',
  },
  {
    pattern: /(CERT|SIGNATURE|ISSUER|ALTNAME|CRL)/,
    what: 'its certificate is not trusted',
    remedy:
      'If this is a private CA, specify its CA file (`sectigo.caFile`, --ca-file); otherwise the connection may be intercepted.',
  },
  { pattern: /^(ECONNRESET|EPIPE)$/, what: 'it dropped the connection', remedy: 'Try again later: nothing was sent.' },
  {
    pattern: /(SSL|TLS|EPROTO)/,
    what: 'no TLS connection could be established',
    remedy: 'Check that the port speaks HTTPS.',
  },
]

function notSent(url: URL, error: unknown): Exchange {
  const code = codeOf(error)
  const known = CONNECT_REMEDIES.find(({ pattern }) => pattern.test(code))
  const said = error instanceof Error && error.message.startsWith('the proxy ') ? error.message : undefined
  const what = said ?? (known === undefined ? 'no connection could be established in time' : `${known.what} (${code})`)
  return {
    kind: 'not-sent',
    reason: `${url.host}: ${what}`,
    remedy: known?.remedy ?? 'Check the network and the proxy, then start again: nothing was sent.',
  }
}
