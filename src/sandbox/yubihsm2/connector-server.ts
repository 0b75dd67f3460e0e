/** The HTTP side of a yubihsm-connector, with its limits (Yubico/yubihsm-connector api.go). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Dropped, type SoftwareYubiHsm } from './software-device.ts'

const MIN_BODY = 3
const MAX_BODY = 3139
const HOSTS: readonly string[] = ['127.0.0.1', 'localhost', 'localhost.', '[::1]']

export interface RunningConnector {
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

/** Listens on loopback; port 0 takes a free one. */
export async function startConnector(device: SoftwareYubiHsm, port = 0): Promise<RunningConnector> {
  const server = createServer((request, response) => {
    serve(device, request, response).catch((error: unknown) => {
      if (error instanceof Dropped) request.socket.destroy()
      else answer(response, 500, String(error))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  const bound = typeof address === 'object' && address !== null ? address.port : port
  return { port: bound, url: `http://127.0.0.1:${bound}`, close: () => stop(server) }
}

async function serve(device: SoftwareYubiHsm, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!HOSTS.includes((request.headers.host ?? '').replace(/:\d+$/, ''))) return answer(response, 403, 'Forbidden')
  const path = new URL(request.url ?? '/', 'http://connector').pathname
  if (path === '/connector/status') {
    if (request.method !== 'GET') return answer(response, 405, 'Method Not Allowed')
    return answer(response, 200, status(device, request))
  }
  if (path !== '/connector/api') return answer(response, 404, 'Not Found')
  if (request.method !== 'POST') return answer(response, 405, 'Method Not Allowed')
  const body = await readBody(request)
  if (body === undefined) return answer(response, 400, 'Bad Request')
  if (device.faults.unplugged) return answer(response, 500, 'no device')
  const reply = await device.exchange(body)
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': reply.length }).end(reply)
}

function status(device: SoftwareYubiHsm, request: IncomingMessage): string {
  const lines = {
    status: device.faults.unplugged ? 'NO_DEVICE' : 'OK',
    serial: '*',
    version: '3.0.5',
    pid: String(process.pid),
    address: request.socket.localAddress ?? '',
    port: String(request.socket.localPort ?? 0),
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** Undefined where it is shorter or longer than a frame can be. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) continue
    length += part.length
    if (length <= MAX_BODY) parts.push(part)
  }
  return length < MIN_BODY || length > MAX_BODY ? undefined : Buffer.concat(parts)
}

const answer = (response: ServerResponse, code: number, text: string): void => {
  response.writeHead(code, { 'content-type': 'text/plain' }).end(text)
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
