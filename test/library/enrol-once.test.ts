import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  Configuration,
  createRealServices,
  DeviceError,
  type Enrollment,
  type EnrollmentServices,
  EXIT,
  enroll,
  listRuns,
  loadConfiguration,
  resume,
} from '../../src/library/enroll.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'

/** What the command line refuses, the library refuses too: it has no other way to begin a run. */
let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
let services: EnrollmentServices
let enrollment: Enrollment
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'library-'))
  double = await startYubiHsm2Double()
  rehearsal = await startRehearsal({ directory: folder, device: double })
  const env = { HOME: folder, XDG_CONFIG_HOME: folder }
  const sources = { env, cwd: folder, systemDirectory: folder }
  const configuration = await loadConfiguration({ ...sources, profile: rehearsal.profile })
  const observer = { step: () => undefined }
  services = createRealServices({ stateDirectory: rehearsal.stateDirectory, reading: { env }, observer })
  enrollment = { configuration, confirm: async () => true, wait: true }
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const keys = (): number => double.device.store.list().filter(({ type }) => type === 3).length
const orders = (): number => rehearsal.ca.counters.ordersPlaced

describe('a profile that is enrolled through the library', () => {
  it('is enrolled once: a second run is refused, and costs neither key nor order', async () => {
    const first = await enroll(enrollment, services)
    expect(first).toMatchObject({ exitCode: EXIT.done, record: { state: 'installed' } })
    await expect(enroll(enrollment, services)).rejects.toMatchObject({ code: 'run.completed', exitCode: EXIT.usage })
    expect([keys(), orders()]).toEqual([1, 1])
    expect(await listRuns(rehearsal.stateDirectory)).toMatchObject([{ id: first.id }])
  })

  it('is enrolled once, though two runs begin at one moment', async () => {
    const ends = await Promise.allSettled([enroll(enrollment, services), enroll(enrollment, services)])
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect([keys(), orders()]).toEqual([1, 1])
  })

  it('is enrolled again for whoever asks for another', async () => {
    await enroll(enrollment, services)
    const second = await enroll({ ...enrollment, another: true }, services)
    expect(second.record.state).toBe('installed')
    expect([keys(), orders()]).toEqual([2, 2])
  })

  it('is known by the name that it is given where it is no file', async () => {
    const without = { ...enrollment, configuration: new Configuration(enrollment.configuration.values) }
    await expect(enroll(without, services)).rejects.toMatchObject({ code: 'run.no-profile' })
    await enroll({ ...without, profile: 'signing' }, services)
    await expect(enroll({ ...without, profile: 'signing' }, services)).rejects.toMatchObject({
      code: 'run.completed',
      remedy: expect.stringContaining('in the library: another: true'),
    })
    expect([keys(), orders()]).toEqual([1, 1])
  })
})

describe('a paid order', () => {
  it('that nobody can confirm is refused before a key', async () => {
    await expect(enroll({ ...enrollment, confirm: undefined }, services)).rejects.toMatchObject({
      code: 'order.unconfirmed',
    })
    expect([keys(), orders()]).toEqual([0, 0])
    expect(await listRuns(rehearsal.stateDirectory)).toEqual([])
  })

  it('that is declined leaves a run that can be resumed', async () => {
    const declined = await enroll({ ...enrollment, confirm: async () => false }, services)
    expect(declined).toMatchObject({ exitCode: EXIT.refused, record: { state: 'checked' } })
    expect(orders()).toBe(0)
    await expect(enroll(enrollment, services)).rejects.toMatchObject({ code: 'run.open' })
    const resumed = await resume(declined.id, { confirm: async () => true, wait: true }, services)
    expect(resumed.record.state).toBe('installed')
    expect([keys(), orders()]).toEqual([1, 1])
  })

  it('is followed with the pauses of the CA on disk, so that a restart does not shorten them', async () => {
    await enroll(enrollment, services)
    expect(existsSync(join(rehearsal.stateDirectory, 'poll-schedule.json'))).toBe(true)
  })
})

describe('a profile that cannot work', () => {
  it('is refused with the error of the device itself, before a run exists', async () => {
    const flags = { 'device.uri': `${double.uri};nonsense=1` }
    const configuration = await loadConfiguration({ env: {}, profile: rehearsal.profile, cwd: folder, flags })
    await expect(enroll({ ...enrollment, configuration }, services)).rejects.toBeInstanceOf(DeviceError)
    expect(await listRuns(rehearsal.stateDirectory)).toEqual([])
  })

  it('can still be asked for its key alone, which orders nothing', async () => {
    const made = await enroll({ ...enrollment, until: 'attested', confirm: undefined }, services)
    expect(made).toMatchObject({ exitCode: EXIT.done, record: { state: 'attested' } })
    expect([keys(), orders()]).toEqual([1, 0])
  })
})
