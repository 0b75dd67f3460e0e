import { createServer as createTcpServer, type Server } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../devices/secret.ts'
import type { RunningCertificateAuthority } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import { FAULT_KINDS, type FaultKind } from '../../src/sandbox/certificate-authority/fault.ts'
import { autoAuthorize } from '../../src/sectigo/auto-authorize.ts'
import { autoRefund } from '../../src/sectigo/auto-refund.ts'
import type { OrderOutcome } from '../../src/sectigo/certificate-authority.ts'
import { createClient } from '../../src/sectigo/http/client.ts'
import { placeOrder } from '../../src/sectigo/other-products/place-order.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { whileCollecting } from '../collect-garbage.ts'
import { clientOptions, documentSigningForm, start } from './rehearsal-kit.ts'

const TIMEOUTS = { connect: 5000, reply: 1000 }
/** Only what never ends is cut short: a busy machine may take its time for the rest. */
const patienceFor = (kind: FaultKind) => (kind === 'slow' || kind === 'hang' ? { timeouts: TIMEOUTS } : {})

let ca: RunningCertificateAuthority
beforeEach(async () => {
  ca = await start()
})
afterEach(() => ca.close())

/** Every way in which an order can go wrong after it left, and what must come of it. */
const EXPECTED: Readonly<Record<FaultKind, OrderOutcome['kind']>> = {
  'drop-before-accept': 'unknown',
  'lost-reply': 'unknown',
  slow: 'unknown',
  hang: 'unknown',
  garbage: 'unknown',
  html: 'unknown',
  'server-error': 'unknown',
  // The body is whole and says what happened: the label does not matter.
  'wrong-content-type': 'ordered',
  truncated: 'unknown',
  oversize: 'unknown',
  redirect: 'unknown',
  empty: 'unknown',
  error: 'rejected',
}

describe('no order is ever sent twice', () => {
  test.each(FAULT_KINDS.flatMap((kind) => [[kind, true] as const, [kind, false] as const]))(
    'fault %s (carried out: %s)',
    async (kind, accepts) => {
      ca.fail({ endpoint: '!AutoApplyOrder', kind, accepts, delay: 1800 })
      const sectigo = createSectigo({ ...clientOptions(ca), ...patienceFor(kind) })
      const outcome = await sectigo.applyOrder(documentSigningForm())
      const expected = kind === 'wrong-content-type' && !accepts ? 'unknown' : EXPECTED[kind]
      expect(outcome.kind).toBe(expected)
      if (outcome.kind === 'unknown') expect(outcome.reason).not.toBe('')
      expect(ca.counters.requests).toEqual({ '!AutoApplyOrder': 1 })
      expect(Object.values(ca.counters.orderForms)).toEqual([1])
      expect(ca.orders.length).toBeLessThanOrEqual(1)
    },
  )

  test.each(FAULT_KINDS)('place order, authorize and refund under fault %s are sent once each', async (kind) => {
    ca.fail({ kind, times: 3, delay: 1800 })
    const client = createClient({ ...clientOptions(ca), ...patienceFor(kind) })
    await placeOrder(client, { ap: 'brand' })
    await autoAuthorize(client, { orderNumber: '1' })
    await autoRefund(client, { orderNumber: '2', reasonCode: '11' })
    expect(ca.counters.requests).toEqual({ '!PlaceOrder': 1, '!AutoAuthorize': 1, '!AutoRefund': 1 })
    expect(Object.values(ca.counters.orderForms)).toEqual([1, 1, 1])
  })

  test('a cancelled order that had left is unknown; one that had not is not-sent', async () => {
    ca.fail({ kind: 'hang' })
    const sectigo = createSectigo(clientOptions(ca))
    const abort = new AbortController()
    const watch = setInterval(() => ca.counters.requests['!AutoApplyOrder'] === 1 && abort.abort(), 20)
    const late = await sectigo.applyOrder(documentSigningForm(), { signal: abort.signal })
    clearInterval(watch)
    expect(late).toMatchObject({ kind: 'unknown', reason: 'it was cancelled after the request had been sent' })
    const early = await sectigo.applyOrder(documentSigningForm(), { signal: AbortSignal.abort() })
    expect(early.kind).toBe('not-sent')
    expect(ca.counters.requests).toEqual({ '!AutoApplyOrder': 1 })
  })

  test('an answer that never comes is given up, beside a signal that never aborts', async () => {
    ca.fail({ kind: 'hang' })
    const sectigo = createSectigo({ ...clientOptions(ca), timeouts: TIMEOUTS })
    const { signal } = new AbortController()
    const outcome = await whileCollecting(sectigo.applyOrder(documentSigningForm(), { signal }))
    expect(outcome.kind).toBe('unknown')
  })
})

describe('a refusal of the CA', () => {
  test('is told from a gateway that fails: 5xx with a readable refusal stays unknown', async () => {
    const { orderOutcome } = await import('../../src/sectigo/auto-apply-order.ts')
    const { AUTO_APPLY_ORDER_ERRORS } = await import('../../src/sectigo/errors/auto-apply-order.ts')
    const answer = (status: number, text: string) =>
      orderOutcome(
        {
          kind: 'reply',
          status,
          contentType: 'text/plain',
          body: Buffer.from(text),
          text,
          redact: (shown) => shown,
        },
        AUTO_APPLY_ORDER_ERRORS,
      ).kind
    expect(answer(200, '-15\nNot enough credit!')).toBe('rejected')
    expect(answer(403, 'errorCode=-16&errorMessage=no')).toBe('rejected')
    expect(answer(502, '-15\nNot enough credit!')).toBe('unknown')
    expect(answer(500, '0\n123\n1.00\n0')).toBe('unknown')
    expect(answer(403, '0\n123\n1.00\n0')).toBe('unknown')
    expect(answer(200, '7\n123\n1.00\n0')).toBe('unknown')
    expect(answer(200, '0')).toBe('unknown')
    expect(answer(200, '{"errorCode":0}')).toBe('unknown')
    expect(answer(200, '1\n123\n1.00\n0')).toBe('ordered')
  })
})

describe('a request that certainly did not leave', () => {
  const servers: Server[] = []
  let refused = 0
  beforeAll(async () => {
    const closed = createTcpServer()
    refused = await listen(closed)
    await new Promise((resolve) => closed.close(resolve))
  })
  afterAll(() => {
    for (const server of servers) server.close()
  })

  const listen = (server: Server): Promise<number> =>
    new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  const order = (options: Parameters<typeof createSectigo>[0]) =>
    createSectigo({ timeouts: TIMEOUTS, ...options }).applyOrder(documentSigningForm())
  const credentials = async () => ({ loginName: Secret.fromText('name'), loginPassword: Secret.fromText('word') })

  test('name not found', async () => {
    const outcome = await order({ url: 'https://ca.invalid/', credentials, environment: {} })
    expect(outcome).toMatchObject({
      kind: 'not-sent',
      reason: expect.stringContaining('ca.invalid: its name was not found'),
    })
  })

  test('connection refused', async () => {
    const outcome = await order({ url: `https://127.0.0.1:${refused}/`, credentials, environment: {} })
    expect(outcome).toMatchObject({ kind: 'not-sent', reason: expect.stringContaining('refused the connection') })
  })

  test('certificate not trusted: the CA sees nothing of it', async () => {
    const { caCertificates: _, ...untrusting } = clientOptions(ca)
    const outcome = await order({ ...untrusting, timeouts: { connect: 10_000, reply: 400 } })
    expect(outcome).toMatchObject({ kind: 'not-sent', reason: expect.stringContaining('certificate is not trusted') })
    expect(ca.counters.requests).toEqual({})
  })

  test('certificate for another name', async () => {
    const outcome = await order({ ...clientOptions(ca), url: ca.url.replace('127.0.0.1', '127.0.0.2') })
    expect(outcome.kind).toBe('not-sent')
  })

  test('a server that speaks no TLS, hangs up, or says nothing', async () => {
    for (const [index, behave] of [
      (socket: import('node:net').Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      (socket: import('node:net').Socket) => socket.destroy(),
      () => undefined,
    ].entries()) {
      let bytes = ''
      const server = createTcpServer((socket) => {
        socket.on('data', (data) => {
          bytes += data.toString('latin1')
        })
        socket.on('error', () => undefined)
        behave(socket)
      })
      servers.push(server)
      const port = await listen(server)
      const outcome = await order({
        url: `https://127.0.0.1:${port}/`,
        credentials,
        environment: {},
        timeouts: { connect: 300, reply: 300 },
      })
      expect([index, outcome.kind]).toEqual([index, 'not-sent'])
      expect(bytes).not.toContain('loginPassword')
    }
  })

  test('plain HTTP is refused before anything is opened, on loopback too', () => {
    for (const url of ['http://secure.trust-provider.com/products/', ca.url.replace('https', 'http'), 'ftp://x/']) {
      expect(() => createSectigo({ url, credentials })).toThrowError(
        expect.objectContaining({ code: 'sectigo.plain-http', exitCode: 2 }),
      )
    }
  })

  test('an address with a login in it is refused', () => {
    expect(() => createSectigo({ url: 'https://me:secret@ca.example/', credentials })).toThrowError(
      expect.objectContaining({ code: 'sectigo.url', message: expect.not.stringContaining('secret') }),
    )
  })
})
