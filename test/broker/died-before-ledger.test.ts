import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
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
  ['before the ledger had it sent nothing: asked again, it is ordered at once', false, 'none'],
  ['once the ledger had its claim may have sent it: a person must look', true, 'unknown'],
] as const)('an intent of a broker that died %s', async (_what, isClaimed, state) => {
  const before = kit.orders
  let meansIt = (): void => undefined
  const meant = new Promise<void>((done) => {
    meansIt = done
  })
  /** Of a process that is killed while it asks: it hears no answer. */
  class Deaf extends FolderLedger {
    override async take(...[wishes, facts]: Parameters<FolderLedger['take']>): ReturnType<FolderLedger['take']> {
      const isIntent = facts.some((fact: Fact) => fact.kind === 'order' && fact.status === 'intended')
      if (!isIntent) return super.take(wishes, facts)
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
  void killed.place(host, request)
  await meant
  // Its locks go with it.
  await killed.close()

  const again = await desk(new FolderLedger(folder))
  expect(await again.look(host, claim)).toMatchObject({ state: 'ordering' })
  await again.settleLeft()
  if (isClaimed) await again.place(host, request)
  expect(await again.look(host, claim)).toMatchObject({ state })
  expect(kit.orders - before).toBe(0)
  if (!isClaimed) {
    expect(await again.place(host, request)).toMatchObject({ state: 'ordered' })
    expect(kit.orders - before).toBe(1)
  }
  await again.close()
})
