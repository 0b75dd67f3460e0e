import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { createSecureContext } from 'node:tls'
import { EnrollError } from '../errors.ts'
import { readAtMost } from '../read-at-most.ts'
import { MAX_REPLY } from './messages.ts'

/** Where the broker is, and by what the two know each other. PEM. */
export interface BrokerAddress {
  readonly url: URL
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

/** How one call ended. `sent`: it may have reached the broker. `repeated`: an earlier try of the same call may have, too. */
export type BrokerReply =
  | { readonly kind: 'reply'; readonly status: number; readonly body: unknown; readonly repeated: boolean }
  | { readonly kind: 'failed'; readonly sent: boolean; readonly final: boolean; readonly reason: string }

export interface BrokerCall {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

/** Milliseconds: until there is a connection, and how long one is kept for the next call. */
const CONNECT = 20_000
/** The broker waits for the CA, which may take three minutes. */
const REPLY = 240_000

/**
 * One call, over the connection of the one before where that was a moment ago. If such a connection has ended meanwhile (the broker was
 * restarted), the call is repeated at once over a new one. Never throws but for a defect.
 */
export async function callBroker(address: BrokerAddress, call: BrokerCall): Promise<BrokerReply> {
  const text = call.body === undefined ? undefined : JSON.stringify(call.body)
  const first = await callOnce(address, call, text)
  if (first !== 'stale') return first
  // All that are kept have ended with it.
  agents.delete(address)
  const second = await callOnce(address, call, text)
  if (second === 'stale') throw new Error('a connection was kept by an agent that is new')
  return second.kind === 'reply' ? { ...second, repeated: true } : { ...second, sent: true }
}

/** `stale`: the call went over a connection that was kept, which ended before an answer; the broker may have the call. */
function callOnce(address: BrokerAddress, call: BrokerCall, text: string | undefined): Promise<BrokerReply | 'stale'> {
  return new Promise((done) => {
    let sent = false
    const end = (reason: string, final = false): void => done({ kind: 'failed', sent, final, reason })
    const client = begin(address, call, text)
    const timer = setTimeout(() => client.destroy(new Error('the broker did not answer in time')), REPLY)
    client.setTimeout(CONNECT, () => {
      if (!sent) client.destroy(new Error('no connection in time'))
    })
    client.once('socket', (socket) => {
      sent = client.reusedSocket
      if (!sent) socket.once('secureConnect', () => (sent = true))
    })
    client.once('close', () => clearTimeout(timer))
    client.once('error', (error: NodeJS.ErrnoException) => {
      if (client.reusedSocket && hasEnded(error)) done('stale')
      else end(error.message, isFinal(error) || call.signal?.aborted === true)
    })
    client.once('response', (reply) => {
      readJson(reply).then(
        (body) => done({ kind: 'reply', status: reply.statusCode ?? 0, body, repeated: false }),
        (error: unknown) => end(error instanceof Error ? error.message : String(error)),
      )
    })
    client.end(text)
  })
}

/** For all calls of a host: key and certificates are read once. Each connection shows the certificate; none resumes the session of another. */
const agents = new WeakMap<BrokerAddress, Agent>()

function agentOf(address: BrokerAddress): Agent {
  const known = agents.get(address)
  if (known !== undefined) return known
  const { ca, certificate: cert, key } = address
  const secureContext = createSecureContext({ ca, cert, key, minVersion: 'TLSv1.2' })
  // No firewall on the way forgets a connection so soon.
  const agent = new Agent({ secureContext, keepAlive: true, timeout: CONNECT, maxCachedSessions: 0 })
  agents.set(address, agent)
  return agent
}

function begin(address: BrokerAddress, call: BrokerCall, text: string | undefined): ClientRequest {
  try {
    return request(new URL(call.path, address.url), {
      method: call.method,
      agent: agentOf(address),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      headers:
        text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) },
    })
  } catch (cause) {
    throw new EnrollError(
      'config.value',
      'Could not call the broker: TLS does not accept broker.clientCertificate, broker.clientKey or broker.ca.',
      {
        remedy:
          'Specify an unencrypted PEM key, its PEM certificate, and the PEM certificate that the broker’s ends in.',
        cause,
      },
    )
  }
}

const hasEnded = ({ code }: NodeJS.ErrnoException): boolean => code === 'ECONNRESET' || code === 'EPIPE'

/** Another try meets the same: the broker is not the one that is expected. */
const isFinal = ({ code = '' }: NodeJS.ErrnoException): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|ERR_SSL|ERR_TLS|EPROTO/.test(code)

async function readJson(reply: IncomingMessage): Promise<unknown> {
  const body = await readAtMost(reply, MAX_REPLY)
  if (body === undefined) throw new Error('the answer of the broker is too long')
  try {
    return JSON.parse(body.toString('utf8')) as unknown
  } catch {
    throw new Error('the answer of the broker is not JSON')
  }
}
