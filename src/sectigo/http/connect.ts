import { request as httpRequest } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { type ConnectionOptions, type SecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls'

export interface ConnectOptions {
  readonly url: URL
  /** Holds the roots that may end a server's chain. */
  readonly secureContext: SecureContext
  readonly proxy?: URL
  readonly signal: AbortSignal
}

/** `host` is what the certificate must name, through a tunnel as well. */
function overTls(url: URL, secureContext: SecureContext): ConnectionOptions {
  const host = hostOf(url)
  return {
    host,
    port: portOf(url),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // Said, because NODE_TLS_REJECT_UNAUTHORIZED=0 turns the verification off wherever it is not.
    rejectUnauthorized: true,
    secureContext,
    ALPNProtocols: ['http/1.1'],
  }
}

/** Opens TLS to the server, through the proxy where one is given, and resolves when the server is proven to be itself. */
export async function connectTls(options: ConnectOptions): Promise<TLSSocket> {
  const { url, signal } = options
  const tunnel = options.proxy === undefined ? undefined : await openTunnel(options.proxy, options)
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      ...overTls(url, options.secureContext),
      ...(tunnel === undefined ? {} : { socket: tunnel }),
    })
    const abort = () => socket.destroy(new Error('timed out or cancelled'))
    signal.addEventListener('abort', abort, { once: true })
    const done = () => signal.removeEventListener('abort', abort)
    socket.once('secureConnect', () => {
      done()
      // Whoever uses the socket hears its errors; without any listener one would end the process.
      socket.on('error', () => undefined)
      resolve(socket)
    })
    socket.once('error', (error) => {
      done()
      socket.destroy()
      tunnel?.destroy()
      reject(error)
    })
    if (signal.aborted) abort()
  })
}

/** IPv6 literals stand in brackets in a URL and without them everywhere else. */
const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1')
const portOf = (url: URL): number => (url.port === '' ? 443 : Number(url.port))

/** RFC 9110 9.3.6. The CA's login never reaches the proxy: it travels inside the tunnel. */
function openTunnel(proxy: URL, { url: target, secureContext, signal }: ConnectOptions): Promise<Socket> {
  const authority = `${target.hostname}:${portOf(target)}`
  const credentials =
    proxy.username === '' ? {} : { 'proxy-authorization': `Basic ${Buffer.from(proxyLogin(proxy)).toString('base64')}` }
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: hostOf(proxy),
      ...(proxy.port === '' ? {} : { port: Number(proxy.port) }),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...credentials },
      ...(proxy.protocol === 'https:'
        ? { createConnection: () => tlsConnect(overTls(proxy, secureContext)) }
        : { agent: false }),
      signal,
    })
    request.once('connect', (response, socket, head) => {
      if (response.statusCode === 200 && head.length === 0) resolve(socket)
      else {
        socket.destroy()
        reject(new Error(`the proxy ${proxy.host} answered ${response.statusCode}`))
      }
    })
    request.once('response', (response) => {
      response.destroy()
      reject(new Error(`the proxy ${proxy.host} answered ${response.statusCode}`))
    })
    request.once('error', reject)
    request.end()
  })
}

const proxyLogin = (proxy: URL): string => `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
