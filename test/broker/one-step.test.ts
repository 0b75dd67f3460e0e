import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { keyOf } from '../../src/broker/judge-request.ts'
import { OrderDesk } from '../../src/broker/order-desk.ts'
import { runToJson } from '../../src/cli/run-view.ts'
import { withRun } from '../../src/enrollment/run.ts'
import type { RunRecord } from '../../src/enrollment/run-record.ts'
import { weighUnknown } from '../../src/enrollment/weigh-unknown.ts'
import { FolderLedger } from '../../src/ledger/folder-ledger.ts'
import { lastFact } from '../../src/ledger/ledger.ts'
import type { CertificateAuthority } from '../../src/sectigo/certificate-authority.ts'
import { validatorOf } from '../cli/published-schemas.ts'
import { BrokerKit, newIdentity } from './broker-kit.ts'

let kit: BrokerKit
let states = 0
beforeAll(async () => {
  kit = await BrokerKit.start()
})
afterAll(() => kit.close())
/** No reading of the balance grows old while a test runs. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

type Taking = Parameters<FolderLedger['take']>

/** Keeps what it was asked, and lets something happen right before it takes the claim of an order. */
class Watched extends FolderLedger {
  readonly asked: string[] = []
  meanwhile: (wishes: Taking[0]) => Promise<unknown> = async () => undefined

  override async take(...taking: Taking): ReturnType<FolderLedger['take']> {
    this.asked.push('take')
    const isIntent = taking[1].some((fact) => fact.kind === 'order' && fact.status === 'intended')
    if (isIntent) await this.meanwhile(taking[0])
    return super.take(...taking)
  }
  override look(...questions: Parameters<FolderLedger['look']>): ReturnType<FolderLedger['look']> {
    this.asked.push('look')
    return super.look(...questions)
  }
}

/** A broker that has just ordered for the host `web1`, and has read the balance for that. */
async function begin(limits = '{ perDay: 9 }') {
  const state = `state-${++states}`
  const settings = kit.settings(`assumedPrice: 19
hosts:
  - { name: web1, pins: ['${newIdentity().pin}'], anyDevice: true, limits: ${limits} }
  - { name: web2, pins: ['${newIdentity().pin}'], anyDevice: true }`)
  const [web1] = settings.hosts
  if (web1 === undefined) throw new Error('no host')
  const stateDirectory = join(kit.folder, state)
  let time = Date.now()
  const ledger = new Watched(join(stateDirectory, 'ledger'), () => ++time)
  const services = { ...kit.services(stateDirectory), ledger }
  const ca = { balances: 0, applyOrder: undefined as CertificateAuthority['applyOrder'] | undefined }
  const certificateAuthority: typeof services.certificateAuthority = async (configuration) => {
    const real = await services.certificateAuthority(configuration)
    return {
      ...real,
      balance: (...signal) => {
        ca.balances++
        return real.balance(...signal)
      },
      applyOrder: (...order) => (ca.applyOrder ?? real.applyOrder)(...order),
    }
  }
  const configuration = await kit.brokerConfiguration(state)
  const desk = new OrderDesk({ configuration, settings, services: { ...services, certificateAuthority } })
  expect(await desk.place(web1, await kit.request())).toMatchObject({ state: 'ordered' })
  const { applyOrder } = await services.certificateAuthority(configuration)
  const request = await kit.request()
  return { desk, ledger, web1, ca, applyOrder, services, request, claim: keyOf(request).claim, before: kit.orders }
}

const isNumber = ({ name }: Taking[0][number]): boolean => name.startsWith('spent-')

describe('an order right after another one', () => {
  it('goes by the same reading of the balance, asks the ledger once, and writes to it twice', async () => {
    const { desk, ledger, web1, ca, request } = await begin()
    ledger.asked.length = 0
    expect(await desk.place(web1, request)).toMatchObject({ state: 'ordered' })
    expect(ledger.asked).toEqual(['look', 'take', 'take'])
    expect(ca.balances).toBe(1)
  })

  it('takes the next number where another order has taken its own meanwhile, and is counted once', async () => {
    const { desk, ledger, web1, request, claim, before } = await begin()
    const numbers: string[] = []
    ledger.meanwhile = async (wishes) => {
      const { name = '' } = wishes.find(isNumber) ?? {}
      if (numbers.push(name) === 1) await ledger.claim(name, 'another', '1900')
    }
    expect(await desk.place(web1, request)).toMatchObject({ state: 'ordered' })
    expect(kit.orders - before).toBe(1)
    expect(numbers.map((name) => name.split('.').at(-1))).toEqual(['2', '3'])
    const holders = await Promise.all(numbers.map((name) => ledger.claimOf(name)))
    expect(holders.map((holder) => holder?.run)).toEqual(['another', claim])
  })

  it('is not sent where the number that another one took was the last: its request is kept, and its key is free', async () => {
    const { desk, ledger, web1, request, claim, before } = await begin('{ perDay: 2 }')
    ledger.meanwhile = (wishes) => ledger.claim(wishes.find(isNumber)?.name ?? '', 'another', '1900')
    await expect(desk.place(web1, request)).rejects.toMatchObject({ code: 'broker.limit' })
    expect(kit.orders).toBe(before)
    expect(await ledger.claimOf(claim)).toBeUndefined()
    expect(await lastFact(ledger, 'request', claim)).toMatchObject({ status: 'received', host: 'web1' })
    expect(await ledger.history('order', claim)).toEqual([])
  })

  it('is not sent where the key has become another host’s meanwhile, and takes nothing from it', async () => {
    const { desk, ledger, web1, request, claim, before } = await begin()
    ledger.meanwhile = () => ledger.claim(`owner-${claim}`, 'web2', 'attempt')
    await expect(desk.place(web1, request)).rejects.toMatchObject({ code: 'broker.other-host' })
    expect(kit.orders).toBe(before)
    expect(await ledger.claimOf(claim)).toBeUndefined()
    expect(await ledger.history('request', claim)).toEqual([])
  })

  it('is not sent where another run has claimed the key meanwhile: what that one does is the answer', async () => {
    const { desk, ledger, web1, request, claim, before } = await begin()
    ledger.meanwhile = () => ledger.claim(claim, 'another', 'intent')
    expect(await desk.place(web1, request)).toMatchObject({ state: 'ordering' })
    expect(kit.orders).toBe(before)
    expect(await ledger.claimOf(claim)).toMatchObject({ run: 'another' })
    expect(await lastFact(ledger, 'request', claim)).toMatchObject({ status: 'received', host: 'web1' })
  })
})

describe('an order of unknown outcome that went by the reading for another one', () => {
  it.each([
    ['placed', true],
    ['not-placed', false],
  ] as const)(
    'is found out by the balance all the same: the verdict is %s where it is so',
    async (verdict, isPlaced) => {
      const { desk, ca, web1, ledger, applyOrder, services, request, claim, before } = await begin()
      const third = await kit.request()
      ca.applyOrder = async (...order) => {
        ca.applyOrder = undefined
        expect(await desk.place(web1, third)).toMatchObject({ state: 'ordered' })
        if (isPlaced) await applyOrder(...order)
        return { kind: 'unknown', reason: 'no answer' }
      }
      expect(await desk.place(web1, request)).toMatchObject({ state: 'unknown' })
      expect(kit.orders - before).toBe(isPlaced ? 2 : 1)
      const { run = '' } = (await ledger.claimOf(claim)) ?? {}
      const record = await withRun(run, services, async (opened): Promise<RunRecord> => opened.record)
      expect(record.submission?.balanceReadBy).toMatch(/^\d{4}-.*Z$/)
      const published = JSON.parse(JSON.stringify(runToJson({ id: run, folder: run, record })))
      expect(validatorOf('run')(published), JSON.stringify(published)).toBe(true)
      // Both of the others were charged after the reading that all three went by.
      expect(record.otherOrders).toEqual({ charged: '490.00', around: [], open: 0, paidBack: 0 })
      expect(weighUnknown(record)).toMatchObject({ verdict })
    },
  )
})
