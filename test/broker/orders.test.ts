import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyOf } from '../../src/broker/judge-request.ts'
import { EnrollError } from '../../src/errors.ts'
import type { Fact } from '../../src/ledger/fact.ts'
import { FolderLedger } from '../../src/ledger/folder-ledger.ts'
import { BrokerKit, type Identity, newIdentity } from './broker-kit.ts'
import { heldBalance } from './held-balance.ts'

let kit: BrokerKit
let url: string
let hosts: string
const [web, next, other, far, limited, alice, stubborn] = Array.from({ length: 7 }, newIdentity) as [
  ReturnType<typeof newIdentity>,
  ReturnType<typeof newIdentity>,
  ReturnType<typeof newIdentity>,
  ReturnType<typeof newIdentity>,
  ReturnType<typeof newIdentity>,
  ReturnType<typeof newIdentity>,
  ReturnType<typeof newIdentity>,
]
beforeAll(async () => {
  kit = await BrokerKit.start()
  hosts = `
hosts:
  - { name: web1, pins: ['${web.pin}', '${next.pin}'], expect: { serials: ['${kit.serial}'] } }
  - { name: web2, pins: ['${other.pin}'], anyDevice: true }
  - { name: far, pins: ['${far.pin}'], expect: { serials: ['15732500'] } }
  - { name: limited, pins: ['${limited.pin}'], anyDevice: true, limits: { perDay: 1 } }
  - { name: stubborn, pins: ['${stubborn.pin}'], anyDevice: true, limits: { perDay: 2 } }
people:
  - { name: alice, pins: ['${alice.pin}'], approves: true }
`
  url = await kit.broker(hosts)
})
afterAll(() => kit.close())

const attempt = (digit: string): string => digit.repeat(64)

describe('a broker', () => {
  it('orders once for a key, says the same when asked again, and hands the certificate back', async () => {
    const before = kit.orders
    const request = await kit.request()
    const first = await kit.call(url, web, 'POST', '/v1/orders', request)
    expect(first, JSON.stringify(first.body)).toMatchObject({ status: 200, body: { state: 'ordered', host: 'web1' } })
    // Another attempt, and the certificate that follows on the pinned one.
    const second = await kit.call(url, next, 'POST', '/v1/orders', { ...request, attempt: attempt('b') })
    expect(second.body.orderNumber).toBe(first.body.orderNumber)
    const look = await kit.call(url, web, 'GET', `/v1/orders/${first.body.spkiSha256}`)
    expect(look.body).toMatchObject({ state: 'issued', orderNumber: first.body.orderNumber })
    const [own = ''] = look.body.certificates as readonly string[]
    const certificate = new X509Certificate(Buffer.from(own, 'base64'))
    expect(certificate.subject).toContain('O=Example Signing GmbH')
    expect(kit.orders - before).toBe(1)
    expect(kit.defects).toEqual([])
  })

  it('orders once where two brokers over one ledger are asked at the same moment', async () => {
    const before = kit.orders
    const second = await kit.broker(hosts)
    const request = await kit.request()
    const replies = await Promise.all(
      [url, second, url, second].map((each) => kit.call(each, web, 'POST', '/v1/orders', request)),
    )
    for (const { status } of replies) expect([200, 202]).toContain(status)
    // One of them may have been told that it is being ordered; asked again, all say the same.
    const again = await Promise.all([url, second].map((each) => kit.call(each, web, 'POST', '/v1/orders', request)))
    const numbers = again.map(({ body }) => body.orderNumber as string)
    expect(new Set(numbers).size).toBe(1)
    expect(numbers[0]).toMatch(/^\d+$/)
    expect(kit.orders - before).toBe(1)
  })

  it('repeats a refusal of the CA to whoever repeats the request, and orders again for a new attempt alone', async () => {
    const before = kit.orders
    const request = await kit.request()
    kit.rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -40, message: 'compromised', times: 1 })
    const refused = await kit.call(url, web, 'POST', '/v1/orders', request)
    expect(refused.body, JSON.stringify(refused.body)).toMatchObject({ state: 'refused', refusal: { code: -40 } })
    const again = await kit.call(url, web, 'POST', '/v1/orders', request)
    expect(again.body).toEqual(refused.body)
    expect(kit.orders).toBe(before)
    const anew = await kit.call(url, web, 'POST', '/v1/orders', { ...request, attempt: attempt('c') })
    expect(anew.body).toMatchObject({ state: 'ordered' })
    expect(kit.orders - before).toBe(1)
  })

  it('tells an order of which nobody knows whether the CA has it, and never sends it again', async () => {
    const before = kit.orders
    const request = await kit.request()
    kit.rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply', accepts: true, times: 1 })
    const unknown = await kit.call(url, web, 'POST', '/v1/orders', request)
    expect(unknown.body, JSON.stringify(unknown.body)).toMatchObject({ state: 'unknown' })
    for (const digit of ['d', 'e']) {
      const again = await kit.call(url, web, 'POST', '/v1/orders', { ...request, attempt: attempt(digit) })
      expect(again.body.state).toBe('unknown')
    }
    expect(kit.orders - before).toBe(1)
  })
})

describe('a broker that ends', () => {
  it('answers an order that is under way, and says that it takes no more over the connection', async () => {
    const { certificateAuthority } = kit.services(join(kit.folder, 'ending'))
    const { isAsked, answer, ...held } = heldBalance(certificateAuthority)
    const at = await kit.broker(hosts, 'ending', held)
    const text = JSON.stringify(await kit.request())
    const head = `POST /v1/orders HTTP/1.1\r\nHost: broker\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}`
    const reply = send(web, `${head}\r\n\r\n${text}`, false, at)
    await isAsked
    const ended = kit.endBroker()
    answer()
    const said = await reply
    await ended
    expect(said).toContain('"state":"ordered"')
    expect(said.toLowerCase()).toContain('\r\nconnection: close\r\n')
  })
})

describe('a broker that finds a key claimed', () => {
  it('does not say that nothing was sent, though the ledger does not say yet what the key was claimed for', async () => {
    const request = await kit.request()
    const { claim } = keyOf(request)
    const ledger = new FolderLedger(join(kit.folder, 'broker-state', 'ledger'))
    await ledger.claim(claim, 'run-of-another', 'intent')
    const ask = () => kit.call(url, web, 'POST', '/v1/orders', request)
    expect(await ask()).toMatchObject({ status: 202, body: { state: 'ordering' } })
    await ledger.release(claim, 'run-of-another')
    expect((await ask()).body).toMatchObject({ state: 'ordered' })
  })
})

describe('a broker that follows what another one ordered', () => {
  it('hands on no certificate for another key, and asks again', async () => {
    const ledger = new FolderLedger(join(kit.folder, 'common-ledger'))
    const one = await kit.broker(hosts, 'common-one', { ledger })
    const { certificateAuthority } = kit.services(join(kit.folder, 'common-two'))
    let isWrong = true
    const two = await kit.broker(hosts, 'common-two', {
      ledger,
      certificateAuthority: async (configuration) => {
        const ca = await certificateAuthority(configuration)
        const foreign = new X509Certificate(kit.server.certificate).raw
        return {
          ...ca,
          collect: async (...asked) => (isWrong ? { kind: 'issued', certificates: [foreign] } : ca.collect(...asked)),
        }
      },
    })
    const ordered = await kit.call(one, web, 'POST', '/v1/orders', await kit.request())
    const path = `/v1/orders/${ordered.body.spkiSha256}`
    const reply = await kit.call(two, web, 'GET', path)
    expect(reply).toMatchObject({ status: 503, body: { error: { code: 'certificate.other-key' } } })
    isWrong = false
    expect((await kit.call(two, web, 'GET', path)).body).toMatchObject({ state: 'issued' })
  })
})

describe('a broker whose ledger goes away', () => {
  /** Takes everything but what an order cost. */
  class Leaving extends FolderLedger {
    override async record(fact: Fact): Promise<void> {
      if (fact.kind === 'price') throw new EnrollError('ledger.unreachable', 'It is away.', { remedy: 'Wait.' })
      return super.record(fact)
    }
  }

  it('once the CA has the order does not say that the request was at fault', async () => {
    const before = kit.orders
    const leaving = await kit.broker(hosts, 'leaving', { ledger: new Leaving(join(kit.folder, 'leaving-ledger')) })
    const request = await kit.request()
    const reply = await kit.call(leaving, web, 'POST', '/v1/orders', request)
    expect(reply).toMatchObject({ status: 503, body: { error: { code: 'ledger.unreachable' } } })
    const again = await kit.call(leaving, web, 'POST', '/v1/orders', request)
    expect(again.body).toMatchObject({ state: 'ordered' })
    expect(kit.orders - before).toBe(1)
  })
})

/** Sends bytes over TLS, and the end of the connection with them if `cut`; resolves with what came back once it is closed. */
function send(identity: Identity | undefined, text: string, cut = false, to = url): Promise<string> {
  const { hostname, port } = new URL(to)
  const own = identity === undefined ? {} : { key: identity.key, cert: identity.certificate }
  return new Promise((done, failed) => {
    let answer = ''
    const socket = connect({ host: hostname, port: Number(port), ca: kit.server.caCertificatePem, ...own }, () => {
      if (cut) socket.write(text, () => socket.destroy())
      else socket.write(text)
    })
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk
    })
    socket.once('error', failed).once('close', () => done(answer))
  })
}

describe('a request line that is no address', () => {
  it.each([
    ['of a stranger', undefined, '//', 401],
    ['of a host', web, '//', 404],
    ['of a host, with a host that is none', web, 'http://[', 404],
  ])('%s is answered, and no defect', async (_what, identity, target, status) => {
    const answer = await send(identity, `GET ${target} HTTP/1.1\r\nHost: broker\r\nConnection: close\r\n\r\n`)
    expect(answer).toContain(`HTTP/1.1 ${status} `)
    expect(kit.defects).toEqual([])
  })
})

describe('a stranger to a broker', () => {
  it.each([
    ['without a client certificate', () => undefined, 'is missing'],
    ['with one that is not pinned', newIdentity, 'is not pinned'],
  ])('%s is refused before anything is read', async (_what, identity, why) => {
    const reply = await kit.call(url, identity(), 'POST', '/v1/orders', '{ not JSON')
    expect(reply).toMatchObject({ status: 401, body: { error: { code: 'broker.refused' } } })
    expect(reply.body.error.message).toContain(why)
  })
})

describe('whoever stole the client certificate of a host', () => {
  it('cannot order for a device that is not the host’s', async () => {
    const before = kit.orders
    const reply = await kit.call(url, far, 'POST', '/v1/orders', await kit.request())
    expect(reply).toMatchObject({ status: 422, body: { error: { code: 'order.evidence' } } })
    expect(reply.body.error.message).toContain('policy.expect.serial')
    expect(kit.orders).toBe(before)
  })

  it('cannot order for a key that another host asked for, nor read that host’s order', async () => {
    const request = await kit.request()
    const own = await kit.call(url, web, 'POST', '/v1/orders', request)
    const path = `/v1/orders/${own.body.spkiSha256}`
    const before = kit.orders
    const replies = [
      await kit.call(url, other, 'POST', '/v1/orders', request),
      await kit.call(url, other, 'POST', '/v1/orders', { ...request, attempt: attempt('f') }),
    ]
    for (const reply of replies) {
      expect(reply).toMatchObject({ status: 409, body: { error: { code: 'broker.other-host' } } })
      expect(JSON.stringify(reply.body)).not.toContain('web1')
    }
    const read = await kit.call(url, other, 'GET', path)
    const none = await kit.call(url, other, 'GET', `/v1/orders/${'0'.repeat(64)}`)
    expect(read.status).toBe(404)
    // Not even that there is one.
    expect(read.body).toEqual(none.body)
    expect(kit.orders).toBe(before)
  })

  it('cannot go beyond what the host may order in a day, through one broker or through two', async () => {
    const before = kit.orders
    const second = await kit.broker(hosts)
    const requests = [await kit.request(), await kit.request(), await kit.request()]
    const replies = await Promise.all(
      requests.map((request, index) => kit.call(index === 1 ? second : url, limited, 'POST', '/v1/orders', request)),
    )
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 429, 429])
    expect(kit.orders - before).toBe(1)
    // Who asked for what was refused is known all the same.
    for (const request of requests)
      expect(await kit.call(url, limited, 'GET', `/v1/orders/${keyOf(request).claim}`)).toMatchObject({
        body: { host: 'limited', attempt: request.attempt },
      })
    const allowed = requests[replies.findIndex(({ status }) => status === 200)]
    // The one that was counted may be asked for again.
    expect(await kit.call(second, limited, 'POST', '/v1/orders', allowed)).toMatchObject({ status: 200 })
  })

  it('cannot go beyond it with one key either, by orders that the CA refuses', async () => {
    const request = await kit.request()
    const states: unknown[] = []
    for (const digit of ['1', '2', '3']) {
      if (digit !== '3')
        kit.rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -40, message: 'no', times: 1 })
      const reply = await kit.call(url, stubborn, 'POST', '/v1/orders', { ...request, attempt: attempt(digit) })
      states.push(reply.body.state ?? reply.body.error.code)
    }
    expect(states).toEqual(['refused', 'refused', 'broker.limit'])
  })

  it('has no say in what only people decide, nor have people an order', async () => {
    const pending = await kit.call(url, web, 'GET', '/v1/requests')
    const order = await kit.call(url, alice, 'POST', '/v1/orders', await kit.request())
    for (const reply of [pending, order]) expect(reply).toMatchObject({ status: 403, body: { error: {} } })
  })
})

describe('a message to a broker', () => {
  it('with a login in the form is refused, and repeated nowhere', async () => {
    const { form, ...rest } = await kit.request()
    const reply = await kit.call(url, web, 'POST', '/v1/orders', {
      ...rest,
      form: { ...form, LoginPassword: 'hunter2' },
    })
    expect(reply).toMatchObject({ status: 422, body: { error: { code: 'broker.request' } } })
    expect(JSON.stringify([reply.body, kit.calls])).not.toContain('hunter2')
  })

  it('with evidence that was changed is refused', async () => {
    const { form, ...rest } = await kit.request()
    const [one, two] = [await kit.request(), await kit.request()]
    const swapped = { ...form, keyAttestation: one.form.keyAttestation }
    const before = kit.orders
    for (const body of [
      { ...rest, form: swapped },
      { ...two, form: { ...two.form, keyAttestation: 'AAAA' } },
    ]) {
      const reply = await kit.call(url, web, 'POST', '/v1/orders', body)
      expect(reply.status, JSON.stringify(reply.body)).toBe(422)
    }
    expect(kit.orders).toBe(before)
  })

  it.each([
    ['that is not JSON', '{'],
    ['that is too long', JSON.stringify({ form: { a: 'x'.repeat(300_000) } })],
    ['that is a list', '[]'],
    ['with a member that nobody knows', JSON.stringify({ more: 1 })],
  ])('%s is refused in words', async (_what, body) => {
    const reply = await kit.call(url, web, 'POST', '/v1/orders', body)
    expect([400, 413]).toContain(reply.status)
    expect(reply.body.error).toMatchObject({ code: 'broker.refused' })
    expect(kit.defects).toEqual([])
  })

  it('that is cut off is in the log as such, and no defect', async () => {
    const before = kit.calls.length
    const head = 'POST /v1/orders HTTP/1.1\r\nHost: broker\r\nContent-Type: application/json\r\nContent-Length: 100'
    await send(web, `${head}\r\n\r\n{"form`, true)
    await expect
      .poll(() => kit.calls.slice(before))
      .toMatchObject([{ status: 400, caller: 'web1', code: 'broker.refused' }])
    expect(kit.defects).toEqual([])
  })

  it.each([
    ['GET', '/v1/orders', 405],
    ['GET', '/v1/orders/abc', 404],
    ['DELETE', '/', 404],
  ])('%s %s is no call', async (method, path, status) => {
    expect(await kit.call(url, web, method, path)).toMatchObject({ status })
  })
})
