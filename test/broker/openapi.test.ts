import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROUTES } from '../../src/broker/routes.ts'
import { MessageFault, readDecision, readOrderRequest } from '../../src/broker-client/read-messages.ts'
import { BrokerKit, newIdentity, type Reply } from './broker-kit.ts'

interface Operation {
  readonly requestBody?: object
  readonly responses: Readonly<Record<string, object>>
}
const FILE = resolve(import.meta.dirname, '../../contrib/openapi/broker.json')
const document = JSON.parse(readFileSync(FILE, 'utf8')) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}
const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false })
ajv.addSchema({ ...document, $id: 'broker' })
const pointer = (...parts: readonly string[]): string =>
  parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
const validatorAt = (...parts: readonly string[]): ValidateFunction =>
  ajv.compile({
    $ref: `broker#${encodeURI(pointer(...parts))
      .replaceAll('{', '%7B')
      .replaceAll('}', '%7D')}`,
  })

/** What was answered, by operation: all that the document has is to be seen. */
const seen = new Set<string>()

function hold(path: string, method: string, { status, body }: Reply): void {
  const operation = document.paths[path]?.[method]
  expect(Object.keys(operation?.responses ?? {}), `${method} ${path}`).toContain(String(status))
  const place = ['paths', path, method, 'responses', String(status), 'content', 'application/json', 'schema']
  const validate = validatorAt(...place)
  expect(validate(body), `${path} ${status}: ${JSON.stringify([validate.errors, body])}`).toBe(true)
  seen.add(`${method} ${path}`)
}

let kit: BrokerKit
let url: string
const [web, poor, alice] = [newIdentity(), newIdentity(), newIdentity()]
beforeAll(async () => {
  kit = await BrokerKit.start()
  url = await kit.broker(`
approval: { above: 300 }
hosts:
  - { name: web1, pins: ['${web.pin}'], anyDevice: true }
  - { name: poor, pins: ['${poor.pin}'], anyDevice: true, limits: { perDay: 0 } }
people:
  - { name: alice, pins: ['${alice.pin}'], approves: true }
`)
})
afterAll(() => kit.close())

it('describes every call that the broker takes, and no other', () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.sort()).toEqual(ROUTES.map(({ method, name }) => `${method} ${name}`).sort())
})

it('describes what the broker answers: orders and refusals, by status and body', async () => {
  const request = await kit.request()
  const order = (body: unknown, identity: typeof web | 'nobody' = web) =>
    kit.call(url, identity === 'nobody' ? undefined : identity, 'POST', '/v1/orders', body)
  const waiting = await order(request)
  hold('/v1/orders', 'post', waiting)
  const { spkiSha256 } = waiting.body
  const look = () => kit.call(url, web, 'GET', `/v1/orders/${spkiSha256}`)
  hold('/v1/orders/{spki}', 'get', await look())
  const pending = await kit.call(url, alice, 'GET', '/v1/requests')
  hold('/v1/requests', 'get', pending)
  const { formSha256 } = pending.body.requests[0]
  const decide = (body: unknown, identity = alice) =>
    kit.call(url, identity, 'POST', `/v1/requests/${spkiSha256}/decision`, body)
  const decision = { decision: 'approve', formSha256, reason: 'as agreed' }
  const decisions = [
    await decide({ ...decision, formSha256: 'a'.repeat(64) }),
    await decide(decision, web),
    await decide({}),
    await decide(decision),
    await decide({ ...decision, decision: 'reject' }),
  ]
  expect(decisions.map(({ status }) => status)).toEqual([404, 403, 400, 200, 409])
  for (const reply of decisions) hold('/v1/requests/{spki}/decision', 'post', reply)
  const other = await kit.request()
  const orders = [
    await order(request),
    await order('{'),
    await order(request, 'nobody'),
    await order(request, alice),
    await order(request, poor),
    await order({ ...other, form: { ...other.form, product: 'none' } }),
    await order(other, poor),
    await order(JSON.stringify({ form: { a: 'x'.repeat(300_000) } })),
  ]
  expect(orders.map(({ status }) => status)).toEqual([200, 400, 401, 403, 409, 422, 429, 413])
  for (const reply of orders) hold('/v1/orders', 'post', reply)
  hold('/v1/orders/{spki}', 'get', await look())
  hold('/v1/orders/{spki}', 'get', await kit.call(url, web, 'GET', `/v1/orders/${'0'.repeat(64)}`))
  hold('/v1/host', 'get', await kit.call(url, web, 'GET', '/v1/host'))
  hold('/v1/host', 'get', await kit.call(url, alice, 'GET', '/v1/host'))
  expect(seen.size).toBe(ROUTES.length)
})

it.each([
  [
    '/v1/orders',
    readOrderRequest,
    { form: { csr: 'A' }, run: 'r', attempt: 'a'.repeat(64), requestedBy: 'b', version: '1' },
  ],
  ['/v1/requests/{spki}/decision', readDecision, { decision: 'approve', formSha256: 'a'.repeat(64), reason: 'r' }],
] as const)('takes of %s what the document says, and refuses what it does not', (path, read, good) => {
  const validate = validatorAt('paths', path, 'post', 'requestBody', 'content', 'application/json', 'schema')
  const changes = [
    undefined,
    1,
    null,
    [],
    '',
    'a b',
    'a\nb',
    'A'.repeat(64),
    'x'.repeat(100_001),
    {},
    { 'a-b': 'c' },
    { a: 1 },
  ]
  const cases: unknown[] = [good, [], null, 'text', { ...good, more: 1 }]
  for (const name of [...Object.keys(good), 'certChains', 'keyName'])
    for (const change of changes) cases.push({ ...good, [name]: change })
  for (const each of cases) {
    // What is undefined is not there once it has been sent.
    const sent: unknown = JSON.parse(JSON.stringify(each))
    const taken = (() => {
      try {
        read(sent)
        return true
      } catch (error) {
        if (error instanceof MessageFault) return false
        throw error
      }
    })()
    expect(taken, JSON.stringify(sent).slice(0, 200)).toBe(validate(sent))
  }
})
