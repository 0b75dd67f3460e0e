import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerKit, newIdentity } from '../broker/broker-kit.ts'
import { startProgram } from '../enrollment/running-program.ts'
import { expectForm, FLEET_COMMANDS, failure, held, result, valuesOf } from './json-kit.ts'

let kit: BrokerKit
beforeAll(async () => {
  held.clear()
  kit = await BrokerKit.start()
})
afterAll(() => kit.close())

const identities = { web: newIdentity(), alice: newIdentity() }
const hosts = `approval: { newHost: true }
hosts: [{ name: web1, pins: ['${identities.web.pin}'], anyDevice: true }]
people: [{ name: alice, pins: ['${identities.alice.pin}'], approves: true }]`

describe('--json of the commands of a fleet prints what docs/json.md says', () => {
  it('broker: a line once it listens, and one when it ends', async () => {
    const file = (name: string): string => join(kit.folder, name)
    await writeFile(file('own.key'), kit.server.key)
    await writeFile(file('own.pem'), kit.server.certificate)
    await writeFile(
      file('own.yaml'),
      `listen: 127.0.0.1:0\ncertificate: own.pem\nkey: file:${file('own.key')}\nhosts: []\n`,
    )
    const pinned = await result('broker', ['--pin', file('own.pem')], 0)
    expect(pinned).toMatchObject({ event: 'pin', pin: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) })
    const more = ['--profile', kit.rehearsal.profile, '--state-directory', file('own-state')]
    const broker = startProgram(['broker', file('own.yaml'), ...more, '--json'])
    await broker.until(/"listening"/)
    const end = await broker.stop()
    expect(end.code, end.stderr).toBe(0)
    const lines = valuesOf(end, true).map((line) => expectForm(line, 'broker-log'))
    expect(lines).toMatchObject([{ event: 'listening', hosts: 0 }, { event: 'stopped' }])
  })

  it('orders, fleet status: what waits for a second person, what is decided, and what became of it', async () => {
    const url = await kit.broker(hosts)
    const aliceProfile = await kit.hostProfile('alice', url, identities.alice)
    const person = ['--profile', aliceProfile]
    const broker = ['--profile', kit.rehearsal.profile, '--state-directory', join(kit.folder, 'broker-state')]
    const status = () => result('fleet status', broker, 0)
    expect(await status()).toEqual({ hosts: [], keys: [] })
    for (const word of ['reject', 'approve']) {
      const request = await kit.request({ 'order.organizationName': `Example ${word}` })
      await kit.call(url, identities.web, 'POST', '/v1/orders', request)
      expect(await status()).toMatchObject({ hosts: [{ name: 'web1', version: '0.1.0', open: 1, unknown: 0 }] })
      const { requests } = await result('orders pending', person, 0)
      const [{ claim } = { claim: '' }] = requests as readonly { readonly claim: string }[]
      await result(`orders ${word}`, [claim, '--yes', ...person], 0)
      // Approved, it is ordered when the host asks again.
      await kit.call(url, identities.web, 'POST', '/v1/orders', request)
    }
    expect(await status()).toMatchObject({
      hosts: [{ name: 'web1', keys: 2, open: 1 }],
      keys: [{ state: 'declined' }, { host: 'web1', state: 'ordered', orderNumber: expect.stringMatching(/^\d+$/) }],
    })
    expect(await failure(['fleet', 'status', '--profile', aliceProfile], 2)).toMatchObject({ code: 'broker.settings' })
  })

  // Whatever order they ran in; of tests that were picked out, nobody expects it.
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads it to see which fixtures are wanted
  afterAll(({}, { tasks }) => {
    if (tasks.every(({ result: end }) => end?.state === 'pass'))
      expect([...held].sort(), 'held against its schema').toEqual([...FLEET_COMMANDS].sort())
  })
})
