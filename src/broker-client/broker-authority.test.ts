import { createServer, type Server } from 'node:https'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loopbackTlsIdentity } from '../sandbox/certificate-authority/tls-identity.ts'
import { brokerAuthority } from './broker-authority.ts'

const identity = loopbackTlsIdentity()
let server: Server
let url: URL
interface Says {
  readonly status: number
  readonly body: unknown
}
/** What the broker says to every call. */
let says: Says = { status: 200, body: {} }
/** What it says to the calls before that; `lost`: the connection ends once the call is read, `gone`: and nobody listens any more. */
const first: (Says | 'lost' | 'gone')[] = []
/** Those that were ever opened. */
let connections = 0
beforeEach(async () => {
  first.length = 0
  connections = 0
  server = createServer({ key: identity.key, cert: identity.certificate }, (message, reply) => {
    message.resume().once('end', () => {
      const now = first.shift() ?? says
      if (typeof now !== 'string') {
        reply.writeHead(now.status, { 'content-type': 'application/json' }).end(JSON.stringify(now.body))
        return
      }
      if (now === 'gone') server.close()
      reply.destroy()
    })
  })
  server.on('secureConnection', () => connections++)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  url = new URL(`https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`)
})
afterEach(() => {
  if (server.listening) server.close()
})

const broker = (patience = 0) =>
  brokerAuthority({
    address: async () => ({ url, ca: identity.caCertificatePem, certificate: identity.certificate, key: identity.key }),
    foreignOrderNumber: false,
    requestedBy: 'operator',
    patience,
  })
const key = { spkiSha256: 'f'.repeat(64), test: false }
const order = (patience = 0) =>
  broker(patience).applyOrder({ csr: 'AAAA' }, { run: 'run', attempt: 'a1'.repeat(32), key })
/** Milliseconds: until an answer is no reason for another try, however slow this machine is. */
const PATIENT = 60_000
/** Until a second try at most. */
const TWICE = 600
const said = (more: object): Says => ({ status: 200, body: { ...key, host: 'web1', state: 'ordered', ...more } })

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
    ['an answer that it cannot read', { status: 200, body: { state: 'ordered' } }],
    ['a state of a newer broker', said({ state: 'on-hold' })],
    ['an amount that is no text', said({ orderNumber: '1', amount: 19 })],
    ['an order without a number', said({})],
    ['an order for another key', said({ orderNumber: '1', spkiSha256: '0'.repeat(64) })],
    ['a rehearsal in place of the order', said({ orderNumber: '1', test: true })],
    ['rules that are no texts', said({ state: 'awaiting-approval', rules: [{ toString: 1 }] })],
    ['a refusal without words', { status: 403, body: {} }],
    ['another address of it', { status: 302, body: {} }],
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

  it.each<readonly [string, Says | 'lost', Says]>([
    ['an answer is lost, and the certificate is not pinned any more', 'lost', failed(401, 'broker.refused')],
    [
      'it is being ordered, and the broker fails',
      { ...said({ state: 'ordering' }), status: 202 },
      { status: 502, body: {} },
    ],
  ])('does not forget what came before: %s', async (_what, before, after) => {
    first.push(before)
    says = after
    expect(await order(PATIENT)).toMatchObject({ kind: 'unknown' })
    expect(first).toEqual([])
  })

  it('goes by what the broker says of the order, whatever came before', async () => {
    first.push('lost')
    says = failed(422, 'order.evidence')
    expect(await order(PATIENT)).toMatchObject({ kind: 'not-sent' })
  })

  it.each([
    ['the CA has rejected', { orderNumber: '1' }, { kind: 'ordered', orderNumber: '1' }],
    ['was given up on the broker', { reason: 'given up' }, { kind: 'unknown', reason: 'the broker says: given up' }],
  ])('is not that nothing was sent where the order %s', async (_what, more, outcome) => {
    says = said({ state: 'rejected', ...more })
    expect(await broker().outcomeOf?.(key)).toMatchObject(outcome)
  })

  it('is not that there is none where it answers with another 404 than its own', async () => {
    says = { status: 404, body: {} }
    await expect(broker().outcomeOf?.(key)).rejects.toMatchObject({ code: 'broker.unreachable' })
    says = failed(404, 'broker.no-request')
    expect(await broker().outcomeOf?.(key)).toMatchObject({ kind: 'not-sent' })
  })

  it('is no time that there is not', async () => {
    says = said({ orderNumber: '1', nextPollAt: '2026-99-99T00:00:00Z' })
    await expect(broker().collect({ orderNumber: '1', ...key })).rejects.toMatchObject({ code: 'broker.unreachable' })
  })

  it('that was lost with a broker that has ended since is not known', async () => {
    first.push('gone')
    expect(await order(TWICE)).toMatchObject({ kind: 'unknown' })
    expect(await order(0)).toMatchObject({ kind: 'not-sent' })
  })
})

describe('a connection to the broker', () => {
  const placed = said({ orderNumber: '1' })
  const orderThrough = (through: ReturnType<typeof broker>) =>
    through.applyOrder({ csr: 'AAAA' }, { run: 'run', attempt: 'a1'.repeat(32), key })

  it('is kept for the next call', async () => {
    says = placed
    const through = broker()
    for (let calls = 0; calls < 3; calls++)
      expect(await orderThrough(through)).toMatchObject({ kind: 'ordered', orderNumber: '1' })
    expect(connections).toBe(1)
  })

  it('that was kept, and ended under a call, costs no patience', async () => {
    first.push(placed, 'lost')
    says = placed
    const through = broker(0)
    await orderThrough(through)
    expect(await orderThrough(through)).toMatchObject({ kind: 'ordered' })
    expect(first).toEqual([])
    expect(connections).toBe(2)
  })

  it.each<readonly [string, readonly (Says | 'lost' | 'gone')[]]>([
    ['is answered for a stranger', ['lost', failed(401, 'broker.refused')]],
    ['is lost, too', ['lost', 'lost']],
    ['finds nobody', ['gone']],
  ])('that was kept may have brought the broker an order, where its second try %s', async (_what, after) => {
    first.push(placed, ...after)
    const through = broker(0)
    await orderThrough(through)
    expect(await orderThrough(through)).toMatchObject({ kind: 'unknown' })
    expect(first).toEqual([])
  })
})
