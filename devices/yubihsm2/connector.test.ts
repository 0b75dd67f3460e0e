import { createServer, type RequestListener } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { whileCollecting } from '../../test/collect-garbage.ts'
import { Connector } from './connector.ts'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function serve(answer: RequestListener): Promise<Connector> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const connector = new Connector(new URL(`http://127.0.0.1:${port}`))
  closing.push(() => {
    connector.close()
    server.closeAllConnections()
    server.close()
  })
  return connector
}

/** `timeout` in milliseconds: only a connector that never answers is cut short, a busy machine may take its time. */
const exchange = (connector: Connector, signal?: AbortSignal, timeout = 60_000): Promise<Buffer> =>
  connector.exchange(Buffer.from('060000', 'hex'), timeout, signal)

describe('the connector', () => {
  it('sends one frame and takes one', async () => {
    const seen: string[] = []
    const connector = await serve((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['content-type']}`)
      request.on('data', (part: Buffer) => seen.push(part.toString('hex')))
      request.on('end', () => response.end(Buffer.from('860000', 'hex')))
    })
    expect((await exchange(connector)).toString('hex')).toBe('860000')
    expect(seen).toEqual(['POST /connector/api application/octet-stream', '060000'])
  })

  it.each([
    [400, 'device.unreachable'],
    [403, 'device.unreachable'],
    [405, 'device.unreachable'],
    [500, 'device.gone'],
    [302, 'device.unreachable'],
    [418, 'device.unreachable'],
  ])('reports HTTP %i, follows nothing', async (status, code) => {
    let requests = 0
    const connector = await serve((_, response) => {
      requests++
      response.writeHead(status, { location: '/connector/api' }).end('no')
    })
    await expect(exchange(connector)).rejects.toMatchObject({ code, vendorCode: `HTTP ${status}` })
    expect(requests).toBe(1)
  })

  it.each([
    ['two bytes', (size: number) => size, 2],
    ['more than a frame', (size: number) => size, 3140],
    ['an endless answer', (size: number) => size, 10_000_000],
  ])('refuses %s', async (_, size, bytes) => {
    const connector = await serve((_request, response) => response.end(Buffer.alloc(size(bytes))))
    await expect(exchange(connector)).rejects.toMatchObject({ code: 'device.protocol' })
  })

  it('gives up on a connector that does not answer, hangs up, or is not there', async () => {
    const silent = await serve(() => undefined)
    await expect(whileCollecting(exchange(silent, undefined, 300))).rejects.toMatchObject({
      code: 'device.unreachable',
      transient: true,
    })
    const rude = await serve((request) => request.socket.destroy())
    await expect(exchange(rude)).rejects.toMatchObject({ code: 'device.unreachable' })
    const half = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('half')
      setTimeout(() => response.destroy(), 20)
    })
    await expect(exchange(half)).rejects.toMatchObject({ code: 'device.unreachable' })
    const absent = new Connector(new URL('http://127.0.0.1:1'))
    await expect(exchange(absent)).rejects.toMatchObject({ code: 'device.unreachable' })
  })

  it('stops when it is told to', async () => {
    const silent = await serve(() => undefined)
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 20)
    await expect(exchange(silent, abort.signal)).rejects.toMatchObject({ code: 'device.aborted' })
  })

  it('reads the status, and refuses a page that is none', async () => {
    const good = await serve((_, response) => response.end('status=NO_DEVICE\nserial=*\nversion=3.0.4\n'))
    expect((await good.status(60_000)).status).toBe('NO_DEVICE')
    const other = await serve((_, response) => response.end('<html>Welcome to nginx</html>'))
    await expect(other.status(60_000)).rejects.toMatchObject({ code: 'device.protocol' })
  })
})
