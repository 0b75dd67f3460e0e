import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** Milliseconds; Node.js looks for what has taken longer once in an interval, and for the handshake at once. */
export const LISTENING_LIMITS = {
  handshakeTimeout: 10_000,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5000,
} as const

/** Resolves with the port that was taken: `port`, or for 0 a free one. `refused` words the error where none can be. */
export async function listen(
  server: Server,
  host: string,
  port: number,
  refused: (cause: unknown) => Error,
): Promise<number> {
  await new Promise<void>((done, reject) => {
    server.once('error', reject)
    server.listen(port, host, done)
  }).catch((cause: unknown) => {
    throw refused(cause)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** `HOST:PORT` as an address has it: IPv6 in brackets. */
export const authorityOf = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

/** Every connection that is open: one that has not finished its handshake is none of the server's own, and would outlast its end. */
export function connectionsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}
