import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { validatorOf } from '../cli/published-schemas.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { BrokerKit, type Identity, newIdentity } from './broker-kit.ts'

let kit: BrokerKit
let url: string
let brokers = 0
const names = ['web1', 'web2', 'alice', 'bob', 'carol', 'dave'] as const
const identities = Object.fromEntries(names.map((name) => [name, newIdentity()])) as Record<
  (typeof names)[number],
  Identity
>
const pin = (name: (typeof names)[number]): string => `pins: ['${identities[name].pin}']`
beforeAll(async () => {
  kit = await BrokerKit.start()
})
/** One that knows nothing yet. */
beforeEach(async () => {
  url = await kit.broker(
    `
assumedPrice: 245
approval: { above: 300.00, newHost: true, newSubject: true }
hosts:
  - { name: web1, ${pin('web1')}, anyDevice: true, operators: [bob] }
  - { name: web2, ${pin('web2')}, anyDevice: true }
people:
  - { name: alice, ${pin('alice')}, approves: true }
  - { name: bob, ${pin('bob')}, approves: true }
  - { name: carol, ${pin('carol')} }
  - { name: dave, ${pin('dave')}, approves: true }
`,
    `state-${++brokers}`,
  )
})
afterAll(() => kit.close())

/** A command of a person, as JSON. */
async function by(name: 'alice' | 'bob' | 'carol' | 'dave', ...args: string[]) {
  const profile = await kit.hostProfile(name, url, identities[name])
  const end = await runInside(['orders', ...args, '--profile', profile, '--json', '--no-input'])
  return { ...end, body: JSON.parse(end.stdout) }
}

const ask = (host: 'web1' | 'web2', request: unknown) => kit.call(url, identities[host], 'POST', '/v1/orders', request)

/** Lets the broker know the host `web1` and the subject that requests have. */
async function orderOnce(): Promise<void> {
  const request = await kit.request()
  const waiting = await ask('web1', request)
  expect((await by('alice', 'approve', waiting.body.spkiSha256, '--yes')).code).toBe(0)
  expect(await ask('web1', request)).toMatchObject({ status: 200, body: { state: 'ordered' } })
}

describe('an order that a rule wants a second person for', () => {
  it('waits, goes through once approved, and its host and subject are known from then on', async () => {
    const before = kit.orders
    const profile = await kit.hostProfile('web1', url, identities.web1)
    const first = await runInside(['enroll', profile, '--yes', '--json', '--no-input'])
    expect(first.code, first.stderr).toBe(6)
    expect(first.stderr).toContain('(broker.approval, exit 6)')
    expect(kit.orders).toBe(before)
    const pending = await by('alice', 'pending')
    expect(validatorOf('pending-orders')(pending.body), JSON.stringify(pending.body)).toBe(true)
    const [request, ...others] = pending.body.requests
    expect(others).toEqual([])
    expect(request).toMatchObject({ host: 'web1', expectedAmount: '245.00', rules: ['newHost', 'newSubject'] })
    const approved = await by('alice', 'approve', request.claim.slice(0, 12), '--yes')
    expect(approved.code, approved.stderr).toBe(0)
    expect(validatorOf('brokered-order')(approved.body), approved.stdout).toBe(true)
    expect(kit.orders).toBe(before)
    const state = ['--state-directory', join(kit.folder, 'web1')]
    const second = await runInside(['runs', 'resume', '--all', '--yes', '--json', ...state])
    expect(second.code, second.stderr).toBe(0)
    expect(second.stdout).toContain('"state":"installed"')
    expect(kit.orders - before).toBe(1)
    expect((await by('alice', 'pending')).body).toEqual({ requests: [] })
    // The same host, the same subject, the price that the CA has charged: nothing to approve.
    expect(await ask('web1', await kit.request())).toMatchObject({ status: 200, body: { state: 'ordered' } })
  })

  it('is not approved by whoever works on the host, asked for it, or may only look', async () => {
    await orderOnce()
    const { requestedBy: _, ...request } = await kit.request({ 'order.organizationName': 'Another Signing GmbH' })
    const waiting = await ask('web1', { ...request, requestedBy: 'Dave' })
    expect(waiting).toMatchObject({ status: 202, body: { state: 'awaiting-approval', rules: ['newSubject'] } })
    // An empty variable of a script is no request, although there is but one.
    for (const key of ['', waiting.body.spkiSha256.slice(0, 7)]) {
      const end = await by('alice', 'approve', key, '--yes')
      expect([end.code, end.body.error.code]).toEqual([2, 'usage'])
    }
    for (const name of ['bob', 'carol', 'dave'] as const) {
      const end = await by(name, 'approve', waiting.body.spkiSha256, '--yes')
      expect(end.body.error, name).toMatchObject({ code: 'broker.not-second' })
      expect(end.code).toBe(1)
    }
    expect(await ask('web1', { ...request, requestedBy: 'Dave' })).toMatchObject({ status: 202 })
  })

  it('is decided on once, by the first who says so; declined, it is not ordered, and the host is told why', async () => {
    await orderOnce()
    const before = kit.orders
    const request = await kit.request()
    const waiting = await ask('web2', request)
    expect(waiting).toMatchObject({ status: 202, body: { rules: ['newHost'] } })
    const key = waiting.body.spkiSha256 as string
    const ends = await Promise.all([
      by('alice', 'reject', key, '--yes', '--reason', 'not this year'),
      by('dave', 'approve', key, '--yes'),
    ])
    const [winner, ...rest] = ends.filter(({ code }) => code === 0)
    expect(rest).toEqual([])
    const asked = await ask('web2', { ...request, attempt: 'd'.repeat(64) })
    if (winner === ends[0]) {
      expect(asked.body).toMatchObject({ state: 'declined', reason: 'alice: not this year' })
      expect(kit.orders).toBe(before)
    } else expect(asked.body).toMatchObject({ state: 'ordered' })
    expect(ends.find(({ code }) => code !== 0)?.body.error.code).toMatch(/^broker\.(decided|no-request)$/)
  })

  it('and was approved does not let another form for the same key through', async () => {
    const before = kit.orders
    const request = await kit.request({ 'order.organizationName': 'Third Signing GmbH' })
    const waiting = await ask('web1', request)
    expect((await by('alice', 'approve', waiting.body.spkiSha256, '--yes')).code).toBe(0)
    const changed = { ...request, form: { ...request.form, organizationName: 'Fourth Signing GmbH' } }
    expect(await ask('web1', changed)).toMatchObject({ status: 202, body: { state: 'awaiting-approval' } })
    expect(kit.orders).toBe(before)
    expect(await ask('web1', request)).toMatchObject({ status: 200, body: { state: 'ordered' } })
    expect(kit.orders - before).toBe(1)
  })

  it('is not spared it by a rehearsal, nor by an order that the CA refused', async () => {
    const strict = await kit.broker(
      `
approval: { newHost: true, newSubject: true }
hosts:
  - { name: web1, ${pin('web1')}, anyDevice: true }
people:
  - { name: alice, ${pin('alice')}, approves: true }
`,
      'strict-state',
    )
    const order = (request: unknown) => kit.call(strict, identities.web1, 'POST', '/v1/orders', request)
    const request = await kit.request()
    const rehearsal = await order({ ...request, form: { ...request.form, test: 'Y' } })
    expect(rehearsal, JSON.stringify(rehearsal.body)).toMatchObject({
      status: 200,
      body: { state: 'ordered', test: true },
    })
    const waiting = await order(request)
    expect(waiting).toMatchObject({ status: 202, body: { rules: ['newHost', 'newSubject'] } })
    const { spkiSha256 } = waiting.body
    const pending = await kit.call(strict, identities.alice, 'GET', '/v1/requests')
    const { formSha256 } = pending.body.requests[0]
    const decision = { decision: 'approve', formSha256 }
    const decided = await kit.call(strict, identities.alice, 'POST', `/v1/requests/${spkiSha256}/decision`, decision)
    expect(decided.status, JSON.stringify(decided.body)).toBe(200)
    kit.rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -40, message: 'no', times: 1 })
    expect((await order(request)).body).toMatchObject({ state: 'refused' })
    expect(await order(await kit.request())).toMatchObject({ status: 202, body: { rules: ['newHost', 'newSubject'] } })
  })

  it('above an amount waits however its product is written', async () => {
    const known = await kit.broker(
      `
assumedPrice: 1
approval: { above: 100 }
hosts:
  - { name: web1, ${pin('web1')}, anyDevice: true }
`,
      'known-price-state',
    )
    const order = (request: unknown) => kit.call(known, identities.web1, 'POST', '/v1/orders', request)
    // The CA charges 245.00 for it, which is known from then on.
    expect((await order(await kit.request())).body).toMatchObject({ state: 'ordered' })
    const request = await kit.request()
    const product = String(request.form.product)
    for (const written of [product, ` ${product}`, `${product} `])
      expect(await order({ ...request, form: { ...request.form, product: written } }), written).toMatchObject({
        status: 202,
        body: { rules: ['above'] },
      })
  })

  it('above an amount waits, also where nobody knows what it costs', async () => {
    const dear = await kit.broker(
      `
assumedPrice: 245
approval: { above: 100 }
hosts:
  - { name: web1, ${pin('web1')}, anyDevice: true }
`,
      'dear-state',
    )
    const unpriced = await kit.broker(
      `
approval: { above: 100 }
hosts:
  - { name: web1, ${pin('web1')}, anyDevice: true }
`,
      'unpriced-state',
    )
    for (const each of [dear, unpriced]) {
      const reply = await kit.call(each, identities.web1, 'POST', '/v1/orders', await kit.request())
      expect(reply).toMatchObject({ status: 202, body: { rules: ['above'] } })
    }
  })
})
