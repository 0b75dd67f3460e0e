import { createServer, type Server } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { Secret } from '../../devices/secret.ts'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import type { OrderOutcome } from '../../src/sectigo/certificate-authority.ts'
import { createClient } from '../../src/sectigo/http/client.ts'
import { placeOrder } from '../../src/sectigo/other-products/place-order.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { documentSigningForm } from './rehearsal-kit.ts'

const TLS = loopbackTlsIdentity()
let server: Server | undefined
afterEach(() => {
  server?.close()
})

/** A server that answers the first bytes of whatever comes with `raw`, and ends. */
async function answering(raw: string): Promise<{ readonly url: string; readonly connections: () => number }> {
  let connections = 0
  const listening = createServer({ key: TLS.key, cert: TLS.certificate }, (socket) => {
    connections += 1
    socket.on('error', () => undefined).once('data', () => socket.end(Buffer.from(raw, 'latin1')))
  })
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const address = listening.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `https://127.0.0.1:${port}/products/`, connections: () => connections }
}

const options = (url: string) => ({
  url,
  caCertificates: TLS.caCertificatePem,
  environment: {},
  credentials: async () => ({ loginName: Secret.fromText('name'), loginPassword: Secret.fromText('planted-word') }),
})

const OK = 'HTTP/1.1 200 OK\r\n'
const REPLY = 'errorCode=0&orderNumber=123'
const LENGTH = `Content-Length: ${REPLY.length}\r\n`
const whole = (body: string): string => `${OK}Content-Length: ${body.length}\r\n\r\n${body}`

describe('whatever a server says, an order is sent once and ends', () => {
  test.each<readonly [what: string, raw: string, kind: OrderOutcome['kind']]>([
    [
      'another protocol',
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n${REPLY}`,
      'unknown',
    ],
    ['100 and then the reply', `HTTP/1.1 100 Continue\r\n\r\n${OK}${LENGTH}\r\n${REPLY}`, 'ordered'],
    ['headers without end', `${OK}X: ${'a'.repeat(40_000)}\r\n\r\n`, 'unknown'],
    ['two lengths', `${OK}${LENGTH}Content-Length: 3\r\n\r\n${REPLY}`, 'unknown'],
    ['a length and chunks', `${OK}${LENGTH}Transfer-Encoding: chunked\r\n\r\n1b\r\n${REPLY}\r\n0\r\n\r\n`, 'unknown'],
    ['chunks of nonsense', `${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n${REPLY}`, 'unknown'],
    ['fewer bytes than promised', `${OK}Content-Length: 99\r\n\r\n${REPLY}`, 'unknown'],
    ['no HTTP', `${REPLY}\n`, 'unknown'],
    ['nothing', '', 'unknown'],
    ['compressed', `${OK}Content-Encoding: gzip\r\n${LENGTH}\r\n${REPLY}`, 'unknown'],
    ['NUL bytes', `${OK}Content-Length: 4\r\n\r\n\0\0\0\0`, 'unknown'],
    ['a name twice with different values', whole(`${REPLY}&orderNumber=124`), 'unknown'],
    ['a number with a line break in it', whole('errorCode=0&orderNumber=123%0d%0aX'), 'unknown'],
    ['no length, and the connection ends: it may be cut', `${OK}\r\n${REPLY}`, 'unknown'],
    ['no length in HTTP/1.0', `HTTP/1.0 200 OK\r\n\r\n${REPLY}`, 'unknown'],
    ['no length, and lines', `${OK}Content-Type: text/plain\r\n\r\n0\n123`, 'unknown'],
    ['a refusal without length', `${OK}\r\nerrorCode=-1`, 'unknown'],
    ['chunks without their end', `${OK}Transfer-Encoding: chunked\r\n\r\n1b\r\n${REPLY}\r\n`, 'unknown'],
    ['chunks that break off', `${OK}Transfer-Encoding: chunked\r\n\r\n1b\r\n${REPLY.slice(0, -2)}`, 'unknown'],
    ['chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n1b\r\n${REPLY}\r\n0\r\n\r\n`, 'ordered'],
    ['302', 'HTTP/1.1 302 Found\r\nLocation: /products/elsewhere\r\nContent-Length: 0\r\n\r\n', 'unknown'],
    ['307', 'HTTP/1.1 307 Temporary Redirect\r\nLocation: /products/again\r\nContent-Length: 0\r\n\r\n', 'unknown'],
    ['308 with a number', `HTTP/1.1 308 X\r\nLocation: /again?${REPLY}\r\nContent-Length: 0\r\n\r\n`, 'unknown'],
    ['401', 'HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n', 'unknown'],
    ['408, which invites another try', 'HTTP/1.1 408 X\r\nContent-Length: 0\r\n\r\n', 'unknown'],
    ['503 with Retry-After', 'HTTP/1.1 503 X\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n', 'unknown'],
  ])('%s', async (_, raw, kind) => {
    const { url, connections } = await answering(raw)
    const outcome = await createSectigo(options(url)).applyOrder(documentSigningForm())
    expect(outcome.kind).toBe(kind)
    expect(connections()).toBe(1)
    const placed = await placeOrder(createClient(options(url)), { ap: 'brand', reseller: 'Y', '1_PPP': '6050' })
    expect(placed.kind).toBe(kind)
    expect(connections()).toBe(2)
  })
})
