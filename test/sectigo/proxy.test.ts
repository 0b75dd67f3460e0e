import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { proxyFor } from '../../src/sectigo/http/proxy.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { clientOptions, start } from './rehearsal-kit.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** A forward proxy that knows CONNECT and notes what it sees. */
async function startProxy(status = 200): Promise<{ readonly url: string; readonly seen: string[] }> {
  const seen: string[] = []
  const server = createServer()
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    seen.push(`${request.url} ${request.headers['proxy-authorization'] ?? ''}`.trim())
    if (status !== 200) return void client.end(`HTTP/1.1 ${status} No\r\n\r\n`)
    const [host = '', port] = (request.url ?? '').split(':')
    const upstream = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      upstream.pipe(client)
      client.pipe(upstream)
    })
    client.on('data', (data) => seen.push(data.toString('latin1')))
    client.on('error', () => upstream.destroy())
    upstream.on('error', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

test('goes through a CONNECT tunnel, and the proxy never sees the login', async () => {
  const ca = await start()
  closers.push(() => ca.close())
  const proxy = await startProxy()
  const sectigo = createSectigo({ ...clientOptions(ca), proxy: `http://u%40x:p%3Aw@${proxy.url}` })
  expect((await sectigo.balance()).amount).toBe('1000.00')
  const [first, ...rest] = proxy.seen
  expect(first).toBe(`${new URL(ca.url).host} Basic ${Buffer.from('u@x:p:w').toString('base64')}`)
  expect(rest.join('')).not.toContain('rehearsal-password')
})

test('the time for connecting ends with the connection, through a tunnel too', async () => {
  const ca = await start()
  closers.push(() => ca.close())
  const proxy = await startProxy()
  ca.fail({ kind: 'slow', delay: 3200 })
  const timeouts = { connect: 2500, reply: 20_000 }
  const sectigo = createSectigo({ ...clientOptions(ca), proxy: `http://${proxy.url}`, timeouts })
  expect((await sectigo.balance()).amount).toBe('1000.00')
})

test('a proxy that says no means not-sent', async () => {
  const ca = await start()
  closers.push(() => ca.close())
  const proxy = await startProxy(407)
  const sectigo = createSectigo({ ...clientOptions(ca), proxy: `http://${proxy.url}` })
  expect(await sectigo.applyOrder({})).toMatchObject({
    kind: 'not-sent',
    reason: expect.stringContaining('answered 407'),
  })
  expect(ca.counters.requests).toEqual({})
})

test('the environment decides, and NO_PROXY exempts', () => {
  const url = new URL('https://secure.trust-provider.com/products/')
  const at = (environment: Record<string, string>, configured?: string) => proxyFor(url, configured, environment)?.host
  expect(at({})).toBeUndefined()
  expect(at({ HTTPS_PROXY: 'proxy:3128' })).toBe('proxy:3128')
  expect(at({ HTTPS_PROXY: 'proxy:3128', NO_PROXY: 'a, .trust-provider.com' })).toBeUndefined()
  expect(at({ HTTPS_PROXY: 'proxy:3128', NO_PROXY: '*' })).toBeUndefined()
  expect(at({ HTTPS_PROXY: 'proxy:3128', NO_PROXY: 'provider.com' })).toBe('proxy:3128')
  expect(proxyFor(new URL('https://127.0.0.1:8443/'), undefined, { HTTPS_PROXY: 'proxy:3128' })).toBeUndefined()
  expect(at({ NO_PROXY: '*' }, 'http://other:1')).toBe('other:1')
  expect(() => at({ HTTPS_PROXY: 'socks5://p' })).toThrowError(expect.objectContaining({ code: 'sectigo.proxy' }))
})
