import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { expectClear, FAULTS, runAndResume } from './fault-matrix.ts'
import { openDsm } from './open-cloud-device.ts'
import { newSpec, withDsm } from './with-double.ts'

const dsm = withDsm()
const keysNamed = (label: string) => dsm().service.keys.filter(({ shown }) => shown.name === label)

const CALLS = ['Authenticate', 'GetSobject', 'CreateSobject', 'Sign', 'KeyAttestation', 'Terminate']

describe.each(CALLS)('DSM: whatever happens at %s', (call) => {
  it.each(Object.keys(FAULTS))('%s: one key, and the run comes to its end', async (name) => {
    const fault = FAULTS[name]
    if (fault === undefined) throw new Error('no such fault')
    const spec = newSpec()
    dsm().http.faults.add({ ...fault, call })
    const outcome = await runAndResume(
      () => openDsm(dsm()),
      spec,
      'SHA-256',
      () => dsm().http.faults.clear(),
    )
    expect(keysNamed(spec.label).map(({ kid }) => kid)).toEqual([outcome.key.location])
    const key = createPublicKey({ key: Buffer.from(outcome.key.publicKey), format: 'der', type: 'spki' })
    expect(verify('sha256', Buffer.from('to be signed'), key, outcome.signature)).toBe(true)
    outcome.errors.forEach(expectClear)
  })
})

describe('a second look for the key that a lost reply made', () => {
  it.each(['GetSobject', undefined])('survives faults at %s too', async (second) => {
    const spec = newSpec()
    dsm().http.faults.add({ kind: 'drop', afterWork: true, call: 'CreateSobject' })
    dsm().http.faults.add({
      kind: 'status',
      status: 503,
      times: 99,
      skip: 3,
      ...(second === undefined ? {} : { call: second }),
    })
    const outcome = await runAndResume(
      () => openDsm(dsm()),
      spec,
      'SHA-256',
      () => dsm().http.faults.clear(),
    )
    expect(keysNamed(spec.label)).toHaveLength(1)
    expect(outcome.key.location).toBe(keysNamed(spec.label)[0]?.kid)
  })

  it('sends the creation once and once only', async () => {
    const spec = newSpec()
    const device = await openDsm(dsm())
    dsm().http.log.length = 0
    dsm().http.faults.add({ kind: 'drop', afterWork: true, call: 'CreateSobject' })
    await device.generateKeyPair(spec)
    expect(dsm().http.log.filter((call) => call === 'CreateSobject')).toHaveLength(1)
  })
})

describe('waiting', () => {
  it('honours Retry-After and gives up on one that is too long', async () => {
    const waits: number[] = []
    const device = await openDsm(dsm(), { waits })
    dsm().http.faults.add({ kind: 'status', status: 429, call: 'GetSobject', headers: { 'retry-after': '7' } })
    expect(await device.findKey({ label: 'nothing' })).toBeUndefined()
    expect(waits).toEqual([7000])
    dsm().http.faults.add({ kind: 'status', status: 429, call: 'GetSobject', headers: { 'retry-after': '86400' } })
    await expect(device.findKey({ label: 'nothing' })).rejects.toMatchObject({ code: 'device.busy', transient: true })
    expect(waits).toHaveLength(1)
  })

  /** Longer than any of these tests, in milliseconds. */
  const NEVER = 3_600_000

  it('ends a call that takes too long, and repeats it', async () => {
    const device = await openDsm(dsm(), { settings: { timeoutSeconds: 3, retries: 1 } })
    await device.findKey({ label: 'warm' })
    dsm().http.faults.add({ kind: 'slow', ms: NEVER, call: 'GetSobject' })
    expect(await device.findKey({ label: 'nothing' })).toBeUndefined()
    dsm().http.faults.add({ kind: 'slow', ms: NEVER, call: 'CreateSobject' })
    const spec = newSpec()
    const error = await device.generateKeyPair(spec).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'device.unreachable', vendorCode: 'timeout' })
  })

  it('stops when the run is cancelled', async () => {
    const cancel = new AbortController()
    const device = await openDsm(dsm(), { signal: cancel.signal })
    dsm().http.faults.add({ kind: 'slow', ms: NEVER, call: 'GetSobject' })
    const looking = device.findKey({ label: 'nothing' })
    setTimeout(() => cancel.abort(), 50)
    await expect(looking).rejects.toMatchObject({ code: 'device.aborted' })
  })

  it('logs in anew, once, when DSM has ended the session', async () => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec())
    dsm().service.sessions.expireAll()
    dsm().http.log.length = 0
    await key.sign('SHA-256', Buffer.from('data'))
    expect(dsm().http.log).toEqual(['Sign', 'Authenticate', 'Sign'])
  })

  it('keeps a session alive that has been idle for half its life', async () => {
    dsm().service.sessions.lifetime = 0.02
    const device = await openDsm(dsm())
    await device.findKey({ label: 'nothing' })
    await new Promise((resolve) => setTimeout(resolve, 30))
    dsm().http.log.length = 0
    await device.findKey({ label: 'nothing' })
    expect(dsm().http.log).toEqual(['Refresh', 'GetSobject'])
    dsm().service.sessions.lifetime = 600
  })
})
