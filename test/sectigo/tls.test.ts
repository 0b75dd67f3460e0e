import { createServer, get } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loopbackTlsIdentity, type TlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import type { ClientOptions } from '../../src/sectigo/http/client.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { startConnectProxy } from '../cloud/connect-proxy.ts'
import { clientOptions, start } from './rehearsal-kit.ts'

const closers: (() => unknown)[] = []
const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
beforeEach(() => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
})
afterEach(async () => {
  if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
  for (const close of closers.splice(0)) await close()
})

async function authority(tls?: TlsIdentity) {
  const ca = await start(tls === undefined ? {} : { tls })
  closers.push(() => ca.close())
  return ca
}

async function proxy(): Promise<string> {
  const running = await startConnectProxy()
  closers.push(() => running.close())
  return running.url
}

/** A proxy that is itself reached over TLS. */
async function tlsProxy({ key, certificate }: TlsIdentity): Promise<{ readonly url: string; readonly seen: string[] }> {
  const seen: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer({ key, cert: certificate })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  server.on('connect', (request, client: Socket) => {
    seen.push(request.url ?? '')
    const [host = '', port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(client).pipe(upstream)
    })
    sockets.add(upstream)
    upstream.on('error', () => client.destroy())
    client.on('error', () => upstream.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const balance = (options: ClientOptions): Promise<unknown> =>
  createSectigo(options)
    .balance()
    .catch((error: unknown) => error)
const untrusted = { code: 'sectigo.not-sent', message: expect.stringMatching(/not trusted/) }

describe('NODE_TLS_REJECT_UNAUTHORIZED=0', () => {
  it('is in force here: Node.js itself takes any certificate', async () => {
    const ca = await authority()
    const status = await new Promise((resolve, reject) =>
      get(ca.url, { agent: false }, (response) => {
        response.resume()
        resolve(response.statusCode)
      }).once('error', reject),
    )
    expect(status).toBe(404)
  })

  it('opens nothing to the CA, directly or through a proxy', async () => {
    const ca = await authority()
    const { caCertificates: _, ...strange } = clientOptions(ca)
    expect(await balance(strange)).toMatchObject(untrusted)
    expect(await balance({ ...strange, proxy: await proxy() })).toMatchObject(untrusted)
    expect(ca.counters.requests).toEqual({})
  })

  it('opens nothing to a proxy that is reached over TLS', async () => {
    const ca = await authority()
    const { url, seen } = await tlsProxy(loopbackTlsIdentity())
    expect(await balance({ ...clientOptions(ca), proxy: url })).toMatchObject(untrusted)
    expect(seen).toEqual([])
  })
})

it('a private CA file vouches for a proxy that is reached over TLS, too', async () => {
  const tls = loopbackTlsIdentity()
  const ca = await authority(tls)
  const { url, seen } = await tlsProxy(tls)
  expect(await balance({ ...clientOptions(ca), caCertificates: tls.caCertificatePem, proxy: url })).toMatchObject({
    amount: '1000.00',
  })
  expect(seen).toEqual([new URL(ca.url).host])
})

describe('the name in the certificate is checked through a proxy as it is without one', () => {
  it.each([
    ['an address of another one', '127.0.0.2', false],
    ['a name of another one', 'other.test', false],
    ['its address', '127.0.0.1', true],
    ['its name', 'cloud.test', true],
  ])('%s: %s', async (_name, host, accepted) => {
    const tls = loopbackTlsIdentity('cloud.test')
    const ca = await authority(tls)
    const url = ca.url.replace('127.0.0.1', host)
    // Loopback names that only the proxy knows lead here; 127.0.0.2 is this machine, too.
    const answer = await balance({
      ...clientOptions(ca),
      url,
      caCertificates: tls.caCertificatePem,
      proxy: await proxy(),
    })
    expect(answer).toMatchObject(accepted ? { amount: '1000.00' } : untrusted)
    expect(Object.keys(ca.counters.requests)).toHaveLength(accepted ? 1 : 0)
  })
})
