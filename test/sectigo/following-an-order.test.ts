import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { writePem } from '../../src/asn1/pem.ts'
import type { FlowStep } from '../../src/sandbox/certificate-authority/flow.ts'
import { autoAuthorize } from '../../src/sectigo/auto-authorize.ts'
import { autoRefund } from '../../src/sectigo/auto-refund.ts'
import { autoRevokeCertificate } from '../../src/sectigo/auto-revoke-certificate.ts'
import { filePollSchedule } from '../../src/sectigo/collection/file-poll-schedule.ts'
import { memoryPollSchedule, POLL_FLOOR } from '../../src/sectigo/collection/poll-schedule.ts'
import { getDetailedOrderStatus } from '../../src/sectigo/get-detailed-order-status.ts'
import { createClient } from '../../src/sectigo/http/client.ts'
import { placeOrder, validatePlaceOrder } from '../../src/sectigo/other-products/place-order.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { clientOptions, documentSigningForm, start } from './rehearsal-kit.ts'

const HOUR = 3_600_000
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Days in the life of an order, on a clock that the test turns. */
const FLOW: readonly FlowStep[] = [
  { after: HOUR, action: 'validate-organization' },
  { after: 4 * HOUR, action: 'start-callback' },
  { after: 26 * HOUR, action: 'callback' },
  { after: 27 * HOUR, action: 'send-agreement' },
  { after: 50 * HOUR, action: 'agreement' },
  { after: 51 * HOUR, action: 'issue' },
]

async function rehearse(flow: readonly FlowStep[] = FLOW) {
  const clock = { now: Date.UTC(2026, 0, 5, 9) }
  const ca = await start({ flow, now: () => clock.now })
  closers.push(() => ca.close())
  const schedule = memoryPollSchedule()
  const sectigo = createSectigo({ ...clientOptions(ca), collection: { schedule }, now: () => clock.now })
  return { ca, clock, sectigo, client: createClient(clientOptions(ca)) }
}

describe('following an order', () => {
  test('pending, callback, agreement, issued: by polling, never more often than every three hours', async () => {
    const { ca, clock, sectigo } = await rehearse()
    const outcome = await sectigo.applyOrder(documentSigningForm())
    if (outcome.kind !== 'ordered') throw new Error(outcome.kind)
    const { orderNumber } = outcome
    const seen: string[] = []
    let collection = await sectigo.collect({ orderNumber })
    const from = clock.now
    while (collection.kind !== 'issued' && clock.now - from < 100 * HOUR) {
      const progress = await sectigo.orderProgress(orderNumber)
      const open = progress.steps.filter(({ status }) => status === 'open' || status === 'in-progress')
      const line = `${progress.state}: ${open.map(({ id, status }) => `${id} ${status}`).join(', ')}`
      if (seen.at(-1) !== line) seen.push(line)
      clock.now += HOUR
      collection = await sectigo.collect({ orderNumber })
    }
    expect(seen).toEqual(
      [
        'pending: organization-validation open, callback open, agreement open',
        'pending: callback open, agreement open',
        'pending: callback in-progress, agreement open',
        'pending: agreement open',
        'pending: agreement in-progress',
        'pending: ',
        'issued: ',
      ].filter((line) => seen.includes(line)),
    )
    expect(seen.length).toBeGreaterThanOrEqual(6)
    expect(collection.kind).toBe('issued')
    expect(ca.counters).toMatchObject({ collectedTooSoon: 0, collectedConcurrently: 0 })
    expect(ca.counters.requests['download/CollectSSL']).toBeLessThanOrEqual(1 + 51 / 3 + 1)
  })

  test('a step whose time comes before it can happen waits for what it needs', async () => {
    const { clock, sectigo } = await rehearse([
      { after: 0, action: 'issue' },
      { after: HOUR, action: 'validate-organization' },
      { after: 2 * HOUR, action: 'callback' },
      { after: 3 * HOUR, action: 'agreement' },
    ])
    const outcome = await sectigo.applyOrder(documentSigningForm())
    if (outcome.kind !== 'ordered') throw new Error(outcome.kind)
    const stateNow = async (): Promise<string> => (await sectigo.orderProgress(outcome.orderNumber)).state
    expect(await stateNow()).toBe('pending')
    clock.now += 2.5 * HOUR
    expect(await stateNow()).toBe('pending')
    clock.now += HOUR
    expect(await stateNow()).toBe('issued')
  })

  test('asked too early it says when, without a call; a call that never left does not count', async () => {
    const { ca, clock, sectigo } = await rehearse([])
    const outcome = await sectigo.applyOrder(documentSigningForm())
    if (outcome.kind !== 'ordered') throw new Error(outcome.kind)
    const { orderNumber } = outcome
    const first = await sectigo.collect({ orderNumber })
    expect(first).toEqual({ kind: 'not-yet', message: expect.any(String), nextCall: clock.now + POLL_FLOOR })
    clock.now += POLL_FLOOR - 1
    expect(await sectigo.collect({ orderNumber })).toMatchObject({ kind: 'not-yet', nextCall: clock.now + 1 })
    expect(ca.counters.requests['download/CollectSSL']).toBe(1)
    clock.now += 1
    await sectigo.collect({ orderNumber })
    expect(ca.counters.requests['download/CollectSSL']).toBe(2)
    const nowhere = createSectigo({ ...clientOptions(ca), url: 'https://127.0.0.1:1/', now: () => clock.now })
    await expect(nowhere.collect({ orderNumber })).rejects.toMatchObject({ code: 'sectigo.not-sent' })
    await expect(nowhere.collect({ orderNumber })).rejects.toMatchObject({ code: 'sectigo.not-sent' })
  })

  test('calls of one process wait for one another', async () => {
    const { ca, sectigo } = await rehearse([])
    ca.fail({ endpoint: 'download/CollectSSL', kind: 'slow', delay: 100, times: 5 })
    await Promise.all(['1', '2', '3', '4', '5'].map((orderNumber) => sectigo.collect({ orderNumber })))
    expect(ca.counters).toMatchObject({ collectedConcurrently: 0 })
    expect(ca.counters.requests['download/CollectSSL']).toBe(5)
  })

  test('rejected orders say why', async () => {
    const { ca, sectigo } = await rehearse([])
    const outcome = await sectigo.applyOrder(documentSigningForm())
    if (outcome.kind !== 'ordered') throw new Error(outcome.kind)
    expect(ca.perform(outcome.orderNumber, 'issue')).toBe(false)
    ca.perform(outcome.orderNumber, 'reject', 'documents missing')
    const progress = await sectigo.orderProgress(outcome.orderNumber)
    expect(progress).toMatchObject({ state: 'rejected', summary: expect.stringContaining('documents missing') })
    expect(await sectigo.collect({ orderNumber: outcome.orderNumber })).toMatchObject({ kind: 'refused' })
    await expect(sectigo.orderProgress('404')).rejects.toMatchObject({ code: 'sectigo.refused', exitCode: 4 })
  })
})

describe('a schedule on disk', () => {
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'poll-'))
    closers.push(() => rmSync(path, { recursive: true, force: true }))
    return path
  }

  test('outlives the process, is private, and survives a damaged file', async () => {
    const path = folder()
    await filePollSchedule(path).record('1', 5000)
    await filePollSchedule(path).record('2', 6000)
    expect(await filePollSchedule(path).lastCall('1')).toBe(5000)
    expect(JSON.parse(readFileSync(join(path, 'poll-schedule.json'), 'utf8'))).toEqual({ '1': 5000, '2': 6000 })
    writeFileSync(join(path, 'poll-schedule.json'), '{"1": 50')
    expect(await filePollSchedule(path).lastCall('1')).toBeUndefined()
  })

  test('leaves nothing behind of what it could not write', async () => {
    const path = folder()
    // As a file that cannot be replaced: it is a folder, and not empty.
    mkdirSync(join(path, 'poll-schedule.json', 'x'), { recursive: true })
    await expect(filePollSchedule(path).record('1', 5000)).rejects.toThrow()
    expect(readdirSync(path)).toEqual(['poll-schedule.json'])
  })

  test('lets one call through at a time, between schedules too, and breaks a lock that was left behind', async () => {
    const path = folder()
    let open = 0
    let most = 0
    const call = async () => {
      most = Math.max(most, ++open)
      await new Promise((resolve) => setTimeout(resolve, 20))
      open--
    }
    await Promise.all([1, 2, 3].map(() => filePollSchedule(path).exclusive(call)))
    expect(most).toBe(1)
    const { pid } = spawnSync(process.execPath, ['-e', '0'])
    writeFileSync(join(path, 'poll.lock'), `${pid} of a process that is no more\n`)
    await filePollSchedule(path).exclusive(call)
    await expect(filePollSchedule(path).exclusive(() => Promise.reject(new Error('x')))).rejects.toThrow('x')
    await filePollSchedule(path).exclusive(call)
  })
})

describe('around an order', () => {
  test('an issued certificate is revoked once; an unissued order is rejected by it', async () => {
    const { ca, client, sectigo } = await rehearse([])
    const issued = await sectigo.applyOrder(documentSigningForm())
    const open = await sectigo.applyOrder(documentSigningForm({ organizationName: 'Other' }))
    if (issued.kind !== 'ordered' || open.kind !== 'ordered') throw new Error('not ordered')
    for (const step of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
      ca.perform(issued.orderNumber, step)
    const revoke = (orderNumber: string) => autoRevokeCertificate(client, { orderNumber, codeReason: '4' })
    expect(await revoke(issued.orderNumber)).toEqual({ kind: 'done' })
    expect((await sectigo.orderProgress(issued.orderNumber)).state).toBe('revoked')
    expect(await revoke(issued.orderNumber)).toMatchObject({ kind: 'rejected', refusal: { code: -21, final: true } })
    expect(await revoke(open.orderNumber)).toEqual({ kind: 'done' })
    expect((await sectigo.orderProgress(open.orderNumber)).state).toBe('rejected')
    expect(await revoke(open.orderNumber)).toMatchObject({ refusal: { code: -20 } })
    await expect(revoke('')).rejects.toMatchObject({ code: 'sectigo.form' })
    await expect(autoRevokeCertificate(client, { serialNumber: 'xyz' })).rejects.toMatchObject({ exitCode: 2 })
  })

  test('by serial number and by certificate ID, and after its end -35', async () => {
    const { ca, clock, client, sectigo } = await rehearse(FLOW.map((step) => ({ ...step, after: 0 })))
    const outcome = await sectigo.applyOrder(documentSigningForm({ showCertificateID: 'Y' }))
    if (outcome.kind !== 'ordered') throw new Error(outcome.kind)
    const [order] = await getDetailedOrderStatus(client, { certificateId: outcome.certificateId ?? '' })
    const serialNumber = order?.items[0]?.serialNumber ?? ''
    expect(serialNumber).toMatch(/^[0-9a-f]{20,34}$/)
    clock.now += 366 * 24 * HOUR
    expect(await autoRevokeCertificate(client, { serialNumber })).toMatchObject({ refusal: { code: -35 } })
    expect(await autoRevokeCertificate(client, { certificateId: '5' })).toMatchObject({ refusal: { code: -4 } })
    expect(ca.orders).toHaveLength(1)
  })

  test('a Document Signing order is not refunded here (-18); a single-domain one is, once', async () => {
    const { ca, client, sectigo } = await rehearse([])
    const signing = await sectigo.applyOrder(documentSigningForm())
    const { csr = '' } = documentSigningForm()
    const ssl = await sectigo.applyOrder({
      product: '488',
      days: '365',
      serverSoftware: '-1',
      isCustomerValidated: 'N',
      csr,
    })
    if (signing.kind !== 'ordered' || ssl.kind !== 'ordered') throw new Error(JSON.stringify([signing, ssl]))
    const refund = (orderNumber: string, reasonCode = '11') => autoRefund(client, { orderNumber, reasonCode })
    expect(ca.credit).toBe('655.00')
    expect(await refund(signing.orderNumber)).toMatchObject({ kind: 'rejected', refusal: { code: -18 } })
    expect(await refund(ssl.orderNumber)).toEqual({ kind: 'done' })
    expect(await refund(ssl.orderNumber)).toMatchObject({ kind: 'rejected', refusal: { code: -18 } })
    expect(ca.credit).toBe('755.00')
    await expect(refund(ssl.orderNumber, '12')).rejects.toMatchObject({ code: 'sectigo.form' })
  })

  test('!PlaceOrder waits for !AutoAuthorize, which debits once', async () => {
    const { ca, client, sectigo } = await rehearse(FLOW.map((step) => ({ ...step, after: 0 })))
    const { hsmType = '', keyAttestation = '', csr = '' } = documentSigningForm()
    const form = {
      ap: 'brand',
      reseller: 'Y',
      organizationName: 'Example Ltd',
      countryName: 'NL',
      name: 'Ada Example',
      emailAddress: 'ada@example.org',
      _1_PPP: '6053',
      '1_hsmType': hsmType,
      '1_keyAttestation': keyAttestation,
      _1_csr: csr,
    }
    expect(validatePlaceOrder(form)).toEqual([])
    const outcome = await placeOrder(client, form)
    if (outcome.kind !== 'ordered') throw new Error(JSON.stringify(outcome))
    const { orderNumber } = outcome
    expect(ca.credit).toBe('1000.00')
    expect((await sectigo.orderProgress(orderNumber)).state).toBe('pending')
    expect(await autoAuthorize(client, { orderNumber, test: true })).toEqual({ kind: 'done' })
    expect(ca.credit).toBe('1000.00')
    expect(await autoAuthorize(client, { orderNumber })).toEqual({ kind: 'done' })
    expect(ca.credit).toBe('900.00')
    expect(await autoAuthorize(client, { orderNumber })).toMatchObject({ kind: 'rejected', refusal: { code: -4 } })
    expect(ca.credit).toBe('900.00')
    const collection = await sectigo.collect({ orderNumber })
    if (collection.kind !== 'issued') throw new Error(collection.kind)
    expect(collection.certificates.map((der) => writePem('CERTIFICATE', der).length > 300)).toEqual([true, true, true])
  })
})
