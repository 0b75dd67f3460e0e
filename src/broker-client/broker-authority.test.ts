import { createServer, type Server } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loopbackTlsIdentity } from '../sandbox/certificate-authority/tls-identity.ts'
import { brokerAuthority } from './broker-authority.ts'

const identity = loopbackTlsIdentity()
let server: Server
let url: URL
/** What the broker says to every call. */
let says: { readonly status: number; readonly body: unknown } = { status: 200, body: {} }
beforeAll(async () => {
  server = createServer({ key: identity.key, cert: identity.certificate }, (message, reply) => {
    message.resume().once('end', () => {
      reply.writeHead(says.status, { 'content-type': 'application/json' }).end(JSON.stringify(says.body))
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  url = new URL(`https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
})
afterAll(() => new Promise((done) => server.close(done)))

const order = () =>
  brokerAuthority({
    address: async () => ({ url, ca: identity.caCertificatePem, certificate: identity.certificate, key: identity.key }),
    foreignOrderNumber: false,
    requestedBy: 'operator',
    patience: 0,
  }).applyOrder({ csr: 'AAAA' }, { run: 'run', attempt: 'a1'.repeat(32) })

const failed = (status: number, code: string) => ({
  status,
  body: { error: { code, message: 'It says so.', remedy: 'R.' } },
})

describe('what a host takes for an answer to its order', () => {
  it.each([
    ['a defect of the broker', failed(500, 'defect')],
    ['a ledger that the broker cannot reach any more', failed(503, 'ledger.unreachable')],
    ['an outcome that the broker could not save', failed(503, 'order.unrecorded')],
    ['a proxy that got no answer from the broker', { status: 502, body: {} }],
  ])('does not know after %s whether there is an order', async (_what, answer) => {
    says = answer
    expect(await order()).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('the broker is asked') })
  })

  it.each([
    ['cannot reach the CA', failed(503, 'ca.unreachable')],
    ['refuses the evidence', failed(422, 'order.evidence')],
    ['has a limit', failed(429, 'broker.limit')],
  ])('knows that nothing was sent where the broker %s', async (_what, answer) => {
    says = answer
    expect(await order()).toMatchObject({ kind: 'not-sent', reason: 'It says so.' })
  })
})
