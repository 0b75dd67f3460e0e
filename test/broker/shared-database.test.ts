import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Acquaintances, decide, decisionOn, rulesFor } from '../../src/broker/approval.ts'
import { keyOf } from '../../src/broker/judge-request.ts'
import { OrderDesk } from '../../src/broker/order-desk.ts'
import { checkLedger } from '../../src/enrollment/rebuild-ledger.ts'
import { EnrollError } from '../../src/errors.ts'
import type { HostRequest } from '../../src/ledger/fact.ts'
import { lastFact } from '../../src/ledger/ledger.ts'
import { PostgresqlLedger } from '../../src/ledger/postgresql/postgresql-ledger.ts'
import { missingServer, PostgresqlServer } from '../ledger/postgresql-server.ts'
import { allHere } from '../not-run.ts'
import { BrokerKit, newIdentity } from './broker-kit.ts'
import { heldBalance } from './held-balance.ts'

const web = newIdentity()
const other = newIdentity()
const third = newIdentity()
const HOSTS = `hosts:
  - { name: web1, pins: ['${web.pin}'], anyDevice: true, limits: { perDay: 1 } }
  - { name: web2, pins: ['${other.pin}'], anyDevice: true }
  - { name: web3, pins: ['${third.pin}'], anyDevice: true }
`

/** Each broker is on a machine of its own: nothing but the database is common to them. */
describe.skipIf(!allHere(missingServer()))('two brokers over one PostgreSQL', () => {
  let server: PostgresqlServer
  let database: string
  let kit: BrokerKit
  const ledgers: PostgresqlLedger[] = []
  let urls: readonly [string, string]
  beforeAll(async () => {
    server = await PostgresqlServer.start()
    database = await server.database(await server.migrated())
    kit = await BrokerKit.start()
    const broker = (state: string, ledger: PostgresqlLedger) => kit.broker(HOSTS, state, { ledger })
    const [one, two] = [0, 1].map(() => new PostgresqlLedger(server.options(database, 'broker')))
    if (one === undefined || two === undefined) throw new Error('no ledger')
    ledgers.push(one, two)
    urls = [await broker('broker-one', one), await broker('broker-two', two)]
  })
  afterAll(async () => {
    await kit.close()
    await Promise.all(ledgers.map((ledger) => ledger.close()))
    await server.stop()
  })
  const ask = (url: string, request: unknown, identity = web) => kit.call(url, identity, 'POST', '/v1/orders', request)

  it('order a key once where both are asked at the same moment, and both say so', async () => {
    const before = kit.orders
    const request = await kit.request()
    const replies = await Promise.all([...urls, ...urls].map((url) => ask(url, request, third)))
    for (const { status, body } of replies) expect([200, 202], JSON.stringify(body)).toContain(status)
    const numbers = (await Promise.all(urls.map((url) => ask(url, request, third)))).map(
      ({ body }) => body.orderNumber as string,
    )
    expect(numbers[0]).toMatch(/^\d+$/)
    expect(new Set(numbers).size).toBe(1)
    expect(kit.orders - before).toBe(1)
  })

  it.each([
    ['is started again', true],
    ['has its database again', false],
  ])('say what became of an order that one of them could not record, once it %s', async (what, isStartedAgain) => {
    const state = 'broker-forgetful'
    let away = true
    class Forgetful extends PostgresqlLedger {
      override async take(
        ...[wishes, facts]: Parameters<PostgresqlLedger['take']>
      ): ReturnType<PostgresqlLedger['take']> {
        if (away && facts.some((fact) => fact.kind === 'order' && fact.status === 'ordered'))
          throw new EnrollError('ledger.unreachable', 'Away.', { remedy: 'Wait.' })
        return super.take(wishes, facts)
      }
    }
    const begin = async (): Promise<OrderDesk> => {
      const ledger = new Forgetful(server.options(database, 'broker'))
      ledgers.push(ledger)
      const services = { ...kit.services(join(kit.folder, state)), ledger }
      return new OrderDesk({
        configuration: await kit.brokerConfiguration(state),
        settings: kit.settings(HOSTS),
        services,
      })
    }
    const host = kit.settings(HOSTS).hosts[2]
    if (host === undefined) throw new Error('no host')
    const request = await kit.request({ 'order.organizationName': what })
    const before = kit.orders
    const desk = await begin()
    await desk.settleLeft()
    await desk.place(host, request)
    expect(kit.orders - before).toBe(1)
    expect((await ask(urls[1], request, third)).body).toMatchObject({ state: 'ordering' })

    away = false
    await (isStartedAgain ? await begin() : desk).settleLeft()
    expect((await ask(urls[1], request, third)).body).toMatchObject({ state: 'ordered' })
    expect(kit.orders - before).toBe(1)
  })

  it.each([
    ['is started again', true],
    ['has its database again', false],
  ])(
    'order for a key that one of them kept, which had sent nothing and could not say so, once it %s',
    async (what, isStartedAgain) => {
      const state = 'broker-keeping'
      let away = true
      const refuse = (): never => {
        throw new EnrollError('ledger.unreachable', 'Away.', { remedy: 'Wait.' })
      }
      class Keeping extends PostgresqlLedger {
        override take(...[wishes, facts]: Parameters<PostgresqlLedger['take']>): ReturnType<PostgresqlLedger['take']> {
          const isOver = facts.some((fact) => fact.kind === 'order' && fact.status === 'not-sent')
          return away && isOver ? refuse() : super.take(wishes, facts)
        }
        override release(...claim: Parameters<PostgresqlLedger['release']>): Promise<void> {
          return away ? refuse() : super.release(...claim)
        }
      }
      const begin = async (): Promise<OrderDesk> => {
        const ledger = new Keeping(server.options(database, 'broker'))
        ledgers.push(ledger)
        const services = kit.services(join(kit.folder, state))
        const certificateAuthority: typeof services.certificateAuthority = async (configuration) => ({
          ...(await services.certificateAuthority(configuration)),
          applyOrder: async () => ({ kind: 'not-sent', reason: 'No connection.', remedy: 'Wait.' }),
        })
        return new OrderDesk({
          configuration: await kit.brokerConfiguration(state),
          settings: kit.settings(HOSTS),
          services: { ...services, ledger, certificateAuthority },
        })
      }
      const host = kit.settings(HOSTS).hosts[2]
      if (host === undefined) throw new Error('no host')
      const request = await kit.request({ 'order.organizationName': `kept until it ${what}` })
      const before = kit.orders
      const desk = await begin()
      await desk.settleLeft()
      await expect(desk.place(host, request)).rejects.toThrow()
      away = false
      await (isStartedAgain ? await begin() : desk).settleLeft()
      expect((await ask(urls[1], request, third)).body).toMatchObject({ state: 'ordered' })
      expect(kit.orders - before).toBe(1)
    },
  )

  it('say that an order is under way which the other one is about to send; who is first orders, and the other one hands it over', async () => {
    const ledger = new PostgresqlLedger(server.options(database, 'broker'))
    ledgers.push(ledger)
    const slow = kit.services(join(kit.folder, 'broker-slow'))
    const { isAsked, answer, ...held } = heldBalance(slow.certificateAuthority)
    const url = await kit.broker(HOSTS, 'broker-slow', { ledger, ...held })
    const request = await kit.request({ 'order.organizationName': 'Slow Signing GmbH' })
    const placing = ask(url, request, third)
    await isAsked
    const look = () => kit.call(urls[1], third, 'GET', `/v1/orders/${keyOf(request).claim}`)
    expect(await look()).toMatchObject({ status: 202, body: { state: 'ordering' } })
    const before = kit.orders
    const { orderNumber } = (await ask(urls[1], request, third)).body
    answer()
    expect((await placing).body).toMatchObject({ orderNumber: expect.stringMatching(/^\d+$/) })
    expect((await look()).body).toMatchObject({ orderNumber })
    expect(kit.orders - before).toBe(1)
    // Also what the second one meant to do, and did not, is in journal and ledger.
    const states = ['broker-slow', 'broker-two'].map((state) => join(kit.folder, state))
    for (const state of states) expect((await checkLedger(ledger, state)).disagreements).toEqual([])
  })

  it('keep a key for the host that asked first, and the limit of a host together', async () => {
    const [one, two] = urls
    const request = await kit.request({ 'order.organizationName': 'Another Signing GmbH' })
    expect((await ask(one, request)).body).toMatchObject({ state: 'ordered' })
    expect(await ask(two, request, other)).toMatchObject({
      status: 409,
      body: { error: { code: 'broker.other-host' } },
    })
    const before = kit.orders
    const next = await kit.request({ 'order.organizationName': 'Third Signing GmbH' })
    expect(await ask(two, next)).toMatchObject({ status: 429, body: { error: { code: 'broker.limit' } } })
    expect(kit.orders).toBe(before)
  })
  it('take a decision and a name that are as long as they may be, in any script', async () => {
    const [ledger] = ledgers
    if (ledger === undefined) throw new Error('no ledger')
    const [claim, formSha256, attempt] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string]
    const subjectName = '株'.repeat(200)
    const asked: HostRequest = {
      ...{ status: 'awaiting-approval', host: 'web3', test: false, attempt, hostRun: 'run', requestedBy: 'operator' },
      ...{ formSha256, subjectName, device: { hsmType: 'YUBIHSM2', model: 'YubiHSM 2' }, rules: ['newSubject'] },
    }
    await ledger.record({ kind: 'request', subject: claim, run: 'broker.web3', ...asked })
    const request = await lastFact(ledger, 'request', claim)
    if (request === undefined) throw new Error('no request')
    const person = { name: 'alice', pins: [], mayApprove: true }
    const reason = '否'.repeat(500)
    await decide(ledger, request, { person, host: undefined, decision: 'reject', reason })
    expect(await decisionOn(ledger, claim, formSha256)).toMatchObject({ decision: 'reject', by: 'alice' })
    expect(await lastFact(ledger, 'request', claim)).toMatchObject({ status: 'declined', by: 'alice', reason })
    const order = { test: false, host: 'web3', subjectName, expected: 1 }
    await new Acquaintances(ledger).add(order, 'run')
    expect(await rulesFor(new Acquaintances(ledger), { newHost: true, newSubject: true }, order)).toEqual([])
  })
})
