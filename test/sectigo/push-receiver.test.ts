import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { Secret } from '../../devices/secret.ts'
import { parseCertificate } from '../../src/asn1/certificate.ts'
import type { RunningCertificateAuthority } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import { createClient } from '../../src/sectigo/http/client.ts'
import {
  PUSH_STATUS_CODES,
  type PushNotification,
  readPushNotification,
} from '../../src/sectigo/push/push-notification.ts'
import { type PushReceiver, type PushReceiverOptions, startPushReceiver } from '../../src/sectigo/push/push-receiver.ts'
import { sourceAddresses } from '../../src/sectigo/push/source-addresses.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { clientOptions, documentSigningForm, sharedKey, start } from './rehearsal-kit.ts'

const closers: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const open of closers.splice(0)) await open.close()
})

interface Heard {
  readonly receiver: PushReceiver
  readonly pushes: PushNotification[]
  readonly refused: string[]
}

async function listen(over: Partial<PushReceiverOptions> = {}): Promise<Heard> {
  const pushes: PushNotification[] = []
  const refused: string[] = []
  const receiver = await startPushReceiver({
    port: 0,
    sources: ['127.0.0.0/8'],
    onPush: async (push) => {
      pushes.push(push)
    },
    onRefused: (reason) => refused.push(reason),
    ...over,
  })
  closers.push(receiver)
  return { receiver, pushes, refused }
}

const issued = 'orderNumber=1234567repl%231&certificateID=1234567890&Status=issued&statusCode=6&statusDesc=Valid'
const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('a private key in a push', () => {
  const pem = String(sharedKey('P-256').privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const base64 = Buffer.from(pem).toString('base64')

  test.each([
    ['certificate', pem],
    ['caCertificate', pem],
    ['statusDesc', base64],
    ['removedDomains', base64],
    ['anything', Buffer.from(base64).toString('base64')],
    [base64, 'as a name'],
  ])('is refused in the field %#, and neither passed on nor shown', async (name, value) => {
    const { receiver, pushes, refused } = await listen()
    const body = new URLSearchParams({ orderNumber: '1', statusCode: '6', [name]: value })
    const answer = await fetch(receiver.url, { method: 'POST', headers: form, body })
    expect(answer.status).toBe(400)
    expect(pushes).toEqual([])
    expect(refused).toEqual([expect.stringContaining('private key')])
    expect(refused.join('') + (await answer.text())).not.toMatch(
      new RegExp(`${base64.slice(40, 60)}|${pem.slice(40, 60)}`),
    )
  })
})

test('no form leaves with a private key in it, whoever filled it in', async () => {
  const ca = await start()
  closers.push(ca)
  const before = JSON.stringify(ca.counters)
  const key = Buffer.from(sharedKey('P-256').privateKey.export({ type: 'pkcs8', format: 'der' })).toString('base64')
  const client = createClient(clientOptions(ca))
  const login = {
    ...clientOptions(ca),
    credentials: async () => ({ loginName: Secret.fromText('x'), loginPassword: Secret.fromText(key) }),
  }
  for (const answer of [
    await client.post({ endpoint: '!AutoApplyOrder', form: { product: '1214', comments: key } }),
    await createClient(login).post({ endpoint: '!GetAccountBalance', form: {} }),
  ]) {
    expect(answer).toMatchObject({ kind: 'not-sent', reason: expect.stringContaining('private key') })
  }
  expect(JSON.stringify(ca.counters)).toBe(before)
})

describe('what a push says', () => {
  test('the documented example, names without regard to case', () => {
    expect(readPushNotification(new URLSearchParams(issued))).toEqual({
      event: 'issued',
      orderNumber: '1234567repl#1',
      certificateId: '1234567890',
      status: 'issued',
      statusCode: 6,
      description: 'Valid',
      other: {},
    })
  })

  test.each(Object.entries(PUSH_STATUS_CODES))('status code %s is %s', (code, event) => {
    const push = readPushNotification(new URLSearchParams(`orderNumber=1&statusCode=${code}`))
    expect(push.event).toBe(event)
  })

  test('phone verified and click-through come with any code, and give the link of the manual', () => {
    const text = 'orderNumber=7&status=verified&statusCode=12&verificationCode=mdtBfVzq0MIaiGg8'
    expect(readPushNotification(new URLSearchParams(text))).toMatchObject({
      event: 'callback-verified',
      link: 'https://secure.trust-provider.com/products/EnterCallbackCode?orderNumber=7&code2=mdtBfVzq0MIaiGg8',
    })
    expect(readPushNotification(new URLSearchParams(text.replace('verified', 'click-through')))).toMatchObject({
      event: 'agreement-sent',
      link: expect.stringContaining('ExecuteAgreementsWithCode?orderNumber=7'),
    })
  })

  test('reasons are taken out of the description; new fields are kept', () => {
    const text = 'orderNumber=7&status=failed&statusCode=3&statusDesc=PRE-SIGN+FAILED%3A+CAA%3A+no&eventType=x'
    expect(readPushNotification(new URLSearchParams(text))).toMatchObject({
      event: 'failed',
      reason: 'CAA: no',
      other: { eventtype: 'x' },
    })
  })

  test.each([
    '',
    'status=issued',
    'orderNumber=a%20b',
    'orderNumber=1&orderNumber=2',
    'orderNumber=1&statusCode=six',
    'orderNumber=1&certificateID=12345678901234567',
    'orderNumber=1&certificate=none',
    `orderNumber=${'1'.repeat(200)}`,
  ])('refuses %j', (text) => {
    expect(() => readPushNotification(new URLSearchParams(text))).toThrowError(
      expect.objectContaining({ code: expect.stringMatching(/^(push|certificate|asn1)\./) }),
    )
  })
})

describe('the receiver', () => {
  test('takes GET and POST, and calls once for a notification however often it comes', async () => {
    const { receiver, pushes } = await listen()
    for (let n = 0; n < 3; n++) expect((await fetch(`${receiver.url}?${issued}`)).status).toBe(200)
    const shuffled = issued.split('&').reverse().join('&')
    expect((await fetch(receiver.url, { method: 'POST', headers: form, body: shuffled })).status).toBe(200)
    expect(pushes).toHaveLength(1)
    const other = issued.replace('statusCode=6', 'statusCode=8')
    await Promise.all(
      Array.from({ length: 5 }, () => fetch(receiver.url, { method: 'POST', headers: form, body: other })),
    )
    expect(pushes).toHaveLength(2)
  })

  test('calls once for a notification that comes twice at one moment', async () => {
    const { receiver, pushes } = await listen()
    const { port, host } = new URL(receiver.url)
    const call = (more = ''): string => `GET /?${issued} HTTP/1.1\r\nhost: ${host}\r\n${more}\r\n`
    const socket = connect(Number(port), '127.0.0.1')
    let answers = ''
    socket.setEncoding('utf8').on('data', (text: string) => {
      answers += text
    })
    // In one packet: both have been read before anything else happens.
    socket.write(call() + call('connection: close\r\n'))
    await once(socket, 'close')
    expect(answers.match(/^HTTP\/1\.1 200 /gm)).toHaveLength(2)
    expect(pushes).toHaveLength(1)
  })

  test('answers 500 where it could not be passed on, so that it comes again', async () => {
    let failures = 1
    const { receiver } = await listen({
      onPush: async () => {
        if (failures-- > 0) throw new Error('disk full')
      },
    })
    expect((await fetch(`${receiver.url}?${issued}`)).status).toBe(500)
    expect((await fetch(`${receiver.url}?${issued}`)).status).toBe(200)
  })

  test('asks for the login where one is set, and never says what was sent', async () => {
    const basic = { user: Secret.fromText('pusher'), password: Secret.fromText('p:w') }
    const { receiver, pushes, refused } = await listen({ basic })
    const call = (login?: string) =>
      fetch(`${receiver.url}?${issued}`, {
        headers: login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` },
      })
    const none = await call()
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="push"'])
    expect((await call('pusher:wrong')).status).toBe(401)
    expect((await call('pusher:p:w')).status).toBe(200)
    expect(pushes).toHaveLength(1)
    expect(refused.join('\n')).not.toMatch(/pusher|wrong|1234567/)
  })

  test('turns away other addresses, paths, methods, bodies that are no form, and bodies without end', async () => {
    const closed = await listen({ sources: undefined })
    expect((await fetch(`${closed.receiver.url}?${issued}`)).status).toBe(403)
    const { receiver, pushes } = await listen({ path: '/hook' })
    const at = (path: string, init?: RequestInit) =>
      fetch(new URL(path, receiver.url), init).then(({ status }) => status)
    expect(await at(`/other?${issued}`)).toBe(404)
    expect(await at('/hook', { method: 'PUT', body: issued })).toBe(405)
    expect(await at('/hook', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).toBe(415)
    expect(await at('/hook', { method: 'POST', body: 'orderNumber=', headers: form })).toBe(400)
    const huge = await at('/hook', { method: 'POST', body: `a=${'b'.repeat(200_000)}`, headers: form }).catch(() => 413)
    expect(huge).toBe(413)
    expect(pushes).toEqual([])
  })

  test('knows networks and IPv4 in IPv6', () => {
    const allowed = sourceAddresses(['91.199.212.132', '10.0.0.0/8', '2001:db8::/32'])
    for (const address of ['91.199.212.132', '::ffff:91.199.212.132', '10.9.8.7', '2001:db8::1']) {
      expect([address, allowed(address)]).toEqual([address, true])
    }
    for (const address of ['91.199.212.133', '::1', undefined, '11.0.0.1', 'x']) {
      expect([address, allowed(address)]).toEqual([address, false])
    }
    for (const odd of ['localhost', '10.0.0.0/33', '1.2.3', '10.0.0.0/8/8', '::/129', '1.2.3.4/']) {
      expect(() => sourceAddresses([odd])).toThrowError(expect.objectContaining({ code: 'push.source' }))
    }
  })

  test.skipIf(process.platform !== 'linux').each([
    ['HTTP', undefined],
    ['HTTPS', loopbackTlsIdentity()],
  ] as const)('over %s, those who may not call cannot keep those out who may', async (_, identity) => {
    const { receiver, pushes } = await listen({
      sources: ['127.0.0.1'],
      ...(identity === undefined ? {} : { tls: { key: identity.key, certificate: identity.certificate } }),
    })
    const { port } = new URL(receiver.url)
    // More than the receiver takes in all; none says a word.
    const strangers = Array.from({ length: 80 }, () =>
      connect({ host: '127.0.0.1', port: Number(port), localAddress: '127.0.0.2' }),
    )
    for (const stranger of strangers) stranger.on('error', () => undefined)
    await Promise.all(strangers.map((stranger) => once(stranger, 'connect')))
    const open = identity === undefined ? httpRequest : httpsRequest
    const request = open(`${receiver.url}?${issued}`, {
      agent: false,
      ...(identity === undefined ? {} : { ca: identity.caCertificatePem }),
    }).end()
    const [response] = await once(request, 'response')
    expect(response.statusCode).toBe(200)
    expect(pushes).toHaveLength(1)
    for (const stranger of strangers) stranger.destroy()
  })

  test('a port that is taken is said, not thrown about', async () => {
    const { receiver } = await listen()
    await expect(listen({ port: Number(new URL(receiver.url).port) })).rejects.toMatchObject({ code: 'push.listen' })
  })
})

describe('pushed by the rehearsal CA', () => {
  test('each step wakes the run once, over HTTPS with login; the certificate in it matches the order', async () => {
    const tls = loopbackTlsIdentity()
    const { receiver, pushes } = await listen({
      tls: { key: tls.key, certificate: tls.certificate },
      basic: { user: Secret.fromText('sectigo'), password: Secret.fromText('hook') },
    })
    const ca: RunningCertificateAuthority = await start({
      flow: [],
      push: {
        url: receiver.url,
        user: 'sectigo',
        password: 'hook',
        withCertificate: true,
        caCertificates: tls.caCertificatePem,
      },
    })
    closers.push(ca)
    const outcome = await createSectigo(clientOptions(ca)).applyOrder(documentSigningForm())
    if (outcome.kind !== 'ordered') throw new Error(outcome.kind)
    for (const action of ['validate-organization', 'callback', 'send-agreement', 'agreement', 'issue'] as const) {
      expect(ca.perform(outcome.orderNumber, action)).toBe(true)
      await ca.pushes()
    }
    expect((await ca.pushes()).every(({ answers }) => answers.join() === '200')).toBe(true)
    expect(pushes.map(({ event }) => event)).toEqual([
      'awaiting-validation',
      'callback-verified',
      'agreement-sent',
      'issued',
    ])
    const [leaf] = pushes.at(-1)?.certificates ?? []
    if (leaf === undefined) throw new Error('no certificate')
    expect(Buffer.from(parseCertificate(leaf).spki)).toEqual(Buffer.from(sharedKey('P-256').spki))
  })

  test('three attempts at most', async () => {
    const { receiver } = await listen({ sources: ['192.0.2.1'] })
    const ca = await start({ push: { url: receiver.url } })
    closers.push(ca)
    await createSectigo(clientOptions(ca)).applyOrder(documentSigningForm())
    for (const { answers } of await ca.pushes()) expect(answers).toEqual([403, 403, 403])
  })
})
