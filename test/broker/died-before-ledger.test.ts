import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { keyOf } from '../../src/broker/judge-request.ts'
import { OrderDesk } from '../../src/broker/order-desk.ts'
import type { Fact } from '../../src/ledger/fact.ts'
import { FolderLedger } from '../../src/ledger/folder-ledger.ts'
import { BrokerKit, newIdentity } from './broker-kit.ts'

let kit: BrokerKit
beforeAll(async () => {
  kit = await BrokerKit.start()
})
afterAll(() => kit.close())
/** No reading of the balance grows old while a test runs. */
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => void vi.useRealTimers())

const STATE = 'broker-state'
const HOSTS = `hosts:\n  - { name: web1, pins: ['${newIdentity().pin}'], anyDevice: true }`

async function desk(ledger: FolderLedger): Promise<OrderDesk> {
  return new OrderDesk({
    configuration: await kit.brokerConfiguration(STATE),
    settings: kit.settings(HOSTS),
    services: { ...kit.services(join(kit.folder, STATE)), ledger },
  })
}

it.each([
  ['before the ledger had it sent nothing: asked again, it is ordered at once', false, 'none', false],
  ['before the ledger had even its request sent nothing, either', false, undefined, true],
  ['once the ledger had its claim may have sent it: a person must look', true, 'unknown', false],
  ['once the ledger had its claim, and nothing else, may have sent it, too', true, 'unknown', true],
] as const)('an intent of a broker that died %s', async (_what, isClaimed, state, isRightAfterAnother) => {
  let meansIt = (): void => undefined
  const meant = new Promise<void>((done) => {
    meansIt = done
  })
  /** Of a process that is killed while it asks for the claim on one key: it hears no answer. */
  class Deaf extends FolderLedger {
    override async take(...[wishes, facts]: Parameters<FolderLedger['take']>): ReturnType<FolderLedger['take']> {
      const isIntent = facts.some((fact: Fact) => fact.kind === 'order' && fact.status === 'intended')
      if (!isIntent || !wishes.some(({ name }) => name === claim)) return super.take(wishes, facts)
      if (isClaimed) await super.take(wishes, [])
      meansIt()
      return new Promise(() => undefined)
    }
  }
  const folder = join(kit.folder, STATE, 'ledger')
  const request = await kit.request()
  const { claim } = keyOf(request)
  const [host] = kit.settings(HOSTS).hosts
  if (host === undefined) throw new Error('the broker has no host')
  const killed = await desk(new Deaf(folder))
  // With a reading of the balance at hand, the request is said in one step with the intent.
  if (isRightAfterAnother) await killed.place(host, await kit.request())
  const before = kit.orders
  void killed.place(host, request)
  await meant
  // Its locks go with it.
  await killed.close()

  const again = await desk(new FolderLedger(folder))
  const look = async () => (await again.look(host, claim))?.state
  expect(await look()).toBe(isRightAfterAnother ? undefined : 'ordering')
  await again.settleLeft()
  if (isClaimed) await again.place(host, request)
  expect(await look()).toBe(state)
  expect(kit.orders - before).toBe(0)
  if (!isClaimed) {
    expect(await again.place(host, request)).toMatchObject({ state: 'ordered' })
    expect(kit.orders - before).toBe(1)
  }
  await again.close()
})
