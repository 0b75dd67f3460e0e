import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Device, hasKeyDeletion } from '../../devices/device.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { enroll as enrollInside } from '../../src/enrollment/enroll.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import type { FlowStep } from '../../src/sandbox/certificate-authority/flow.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { missingForPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { allHere } from '../not-run.ts'
import { type ProgramEnd, runProgram } from './built-program.ts'
import { runInside, setEnvironment } from './run-inside.ts'

/** A key that follows another: in a second place, with an order of its own, once. */
let folder: string
let rehearsal: Rehearsal
let restore: () => void
/** A process finds one pcscd, the first. */
let program: (...args: string[]) => Promise<ProgramEnd>
afterEach(async () => {
  restore()
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

async function rehearse(device: string, flow?: readonly FlowStep[]): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'renew-'))
  const algorithm = device === 'luna' ? 'P-384' : 'P-256'
  const authority = { account: { credit: '1000000.00' }, flow }
  rehearsal = await startRehearsal({ directory: folder, device, algorithm, authority })
  restore = setEnvironment(rehearsal.environment)
  program = device === 'yubikey' ? built : (...args) => runInside(args)
}

interface Shown {
  readonly id: string
  readonly state: string
  readonly keyLocation: string
  readonly orderNumber: string
}
interface Renewal {
  readonly outcome: string
  readonly run?: string
  readonly current?: string
  readonly detail: string
  readonly remedy?: string
}
const built = (...args: string[]): Promise<ProgramEnd> => runProgram(args, { env: rehearsal.environment })
const state = (): readonly string[] => ['--json', '--state-directory', rehearsal.stateDirectory]
const shown = (end: ProgramEnd): Shown => JSON.parse(end.stdout) as Shown
const enroll = async (): Promise<Shown> => {
  const end = await program('enroll', rehearsal.profile, '--yes', '--wait', '--json')
  expect(end.code, end.stderr).toBe(0)
  return shown(end)
}
const show = async (id: string): Promise<Shown> => shown(await program('runs', 'show', id, ...state()))
const renew = (...more: string[]): ReturnType<typeof renewBy> => renewBy(program, ...more)
async function renewBy(how: typeof program, ...more: string[]): Promise<Renewal & { readonly code: number | null }> {
  const end = await how('renew', rehearsal.profile, '--yes', '--json', ...more)
  expect(end.stdout, end.stderr).toMatch(/^\{/)
  return { code: end.code, ...(JSON.parse(end.stdout) as Renewal) }
}
/** As a timer would, until the certificate is in. */
async function renewed(): Promise<Shown> {
  let last = await renew('--before', '60w')
  for (let day = 0; last.outcome === 'begun' || last.outcome === 'waiting'; day++) {
    if (day > 50) throw new Error(`still ${last.outcome}: ${last.detail}`)
    last = await renew()
  }
  expect(last.outcome, last.detail).toBe('renewed')
  return show(last.run ?? '')
}
/** The CA is not asked again before its pause is over. */
async function later(): Promise<Awaited<ReturnType<typeof renew>>> {
  let last = await renew()
  for (let day = 0; last.outcome === 'waiting' && day < 50; day++) last = await renew()
  return last
}
const addPlaces = async (...places: string[]): Promise<void> => {
  const text = await readFile(rehearsal.profile, 'utf8')
  await writeFile(
    rehearsal.profile,
    `${text}\nrenewal:\n  places: [${places.map((place) => `"${place}"`).join(', ')}]\n`,
  )
}

/** What a person does with another program. */
async function byHand<T>(action: (device: Device) => Promise<T>, profile = rehearsal.profile): Promise<T> {
  const configuration = await loadConfiguration({ profile, env: {} })
  const device = await createRealServices({
    stateDirectory: join(folder, 'by-hand'),
    reading: { env: rehearsal.environment },
    observer: { step: () => undefined },
  }).openDevice(configuration)
  try {
    return await action(device)
  } finally {
    await device.close()
  }
}

const BESIDE = ['yubihsm2', 'luna', 'nshield', 'fortanix', 'marvell-google'] as const

describe('a renewal', () => {
  it.each(BESIDE)('on %s: both keys work, a person switches, the old one is retired', async (device) => {
    await rehearse(device)
    const old = await enroll()
    expect(await renew()).toMatchObject({ code: 0, outcome: 'nothing', current: old.id })
    const next = await renewed()
    expect(next).toMatchObject({ state: 'installed', renews: { run: old.id, location: old.keyLocation } })
    expect(next.keyLocation).not.toBe(old.keyLocation)
    expect(rehearsal.ca.orders).toHaveLength(2)
    expect(await renew()).toMatchObject({ code: 8, outcome: 'person', remedy: expect.stringContaining(next.id) })
    const early = await program('runs', 'retire', old.id, '--yes', ...state())
    expect(early.code, early.stderr).toBe(1)
    expect(early.stderr).toContain('renewal.in-use')
    expect((await program('runs', 'switch', next.id, '--profile', rehearsal.profile)).code).toBe(0)
    expect(await renew()).toMatchObject({ code: 0, outcome: 'nothing', current: next.id })
    const unasked = await program('runs', 'retire', old.id, ...state())
    expect(unasked.code, 'its certificate is good, and nobody said yes').toBe(2)
    const retired = await program('runs', 'retire', old.id, '--yes', '--profile', rehearsal.profile)
    expect(retired.code, retired.stderr).toBe(0)
    const scan = await program('inventory', 'scan', rehearsal.profile, '--json')
    const { keys } = (JSON.parse(scan.stdout) as { scans: { keys: { location: string; finding: string }[] }[] })
      .scans[0] ?? { keys: [] }
    expect(keys).toContainEqual(expect.objectContaining({ location: next.keyLocation, finding: 'known' }))
    expect(scan.code, scan.stdout).toBe(0)
    expect(await show(old.id)).toMatchObject({ keyDeleted: true })
    // Cloud KMS lists a version until it is destroyed, which takes its period.
    expect(keys.some(({ location }) => location === old.keyLocation)).toBe(device === 'marvell-google')
    expect((await program('ledger', 'check', ...state())).code).toBe(0)
  })

  it('is over, and another key has come into the place of the old one: retire leaves it alone', async () => {
    await rehearse('yubihsm2')
    const old = await enroll()
    const next = await renewed()
    expect((await program('runs', 'switch', next.id, '--profile', rehearsal.profile)).code).toBe(0)
    const spec = { algorithm: 'P-256', label: 'by hand', id: Buffer.alloc(16) } as const
    const inItsPlace = join(folder, 'in-its-place.yaml')
    const text = await readFile(rehearsal.profile, 'utf8')
    await writeFile(inItsPlace, text.replace(/^device:$/m, `$&\n  objectId: "${old.keyLocation}"`))
    await byHand(async (device) => {
      if (!hasKeyDeletion(device)) throw new Error('it deletes keys')
      await device.deleteKey(old.keyLocation)
      expect((await device.generateKeyPair(spec)).location).toBe(old.keyLocation)
    }, inItsPlace)
    const end = await program('runs', 'retire', old.id, '--yes', ...state())
    expect(end.stderr).toContain('holds another key than that of the run')
    expect(end.code).toBe(3)
    await byHand(async (device) => expect(await device.findKey({ location: old.keyLocation })).toBeDefined())
  })

  /** An order is issued when the test says so. */
  async function slowly(): Promise<Shown> {
    await rehearse('yubihsm2', [])
    const { id } = shown(await program('enroll', rehearsal.profile, '--yes', '--json'))
    issueLast()
    expect((await program('runs', 'resume', id, '--wait', ...state())).code).toBe(0)
    return show(id)
  }
  function issueLast(): void {
    const number = rehearsal.ca.orders.at(-1)?.orderNumber ?? ''
    for (const action of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
      expect(rehearsal.ca.perform(number, action), action).toBe(true)
  }

  it('waits for the CA without a second order, however often it is repeated, and at one moment', async () => {
    const old = await slowly()
    const both = await Promise.all([renewBy(built, '--before', '60w'), renewBy(built, '--before', '60w')])
    // Whoever comes between two steps of the other has the run until it waits.
    expect([
      [6, 7],
      [6, 6],
    ]).toContainEqual(both.map(({ code }) => code).sort())
    for (const { code, outcome } of both) expect(outcome).toBe(code === 7 ? 'begun' : 'waiting')
    for (let day = 0; day < 2; day++)
      expect(await renew('--before', '60w')).toMatchObject({ code: 6, outcome: 'waiting', current: old.id })
    expect(rehearsal.ca.orders).toHaveLength(2)
    issueLast()
    // The rehearsal's pause between two questions is a second, and the last one may be less than that ago.
    expect((await renewed()).state).toBe('installed')
    expect(rehearsal.ca.orders).toHaveLength(2)
  })

  it('waits, too, for the first certificate of its profile: a timer is set up on the day of the order', async () => {
    await rehearse('yubihsm2', [])
    const none = await program('renew', rehearsal.profile, '--yes', '--json')
    expect(none.code, none.stderr).toBe(2)
    expect(none.stderr).toContain('renewal.none')
    const ordered = shown(await program('enroll', rehearsal.profile, '--yes', '--json'))
    expect(await renew()).toMatchObject({ code: 6, outcome: 'waiting', run: ordered.id })
    expect(rehearsal.ca.orders).toHaveLength(1)
  })

  it('is named by a run as well as by its profile', async () => {
    const old = await slowly()
    const end = await program('renew', old.id.slice(-6), '--yes', '--before', '60w', ...state())
    expect(end.code, end.stderr).toBe(7)
    expect((await program('renew', 'nosuch', ...state())).stdout).toContain('config.no-profile')
  })

  it('places no paid order without a yes, and generates no key before it has one', async () => {
    await slowly()
    const end = await program('renew', rehearsal.profile, '--before', '60w', '--json')
    expect(end.code, end.stderr).toBe(8)
    expect(JSON.parse(end.stdout)).toMatchObject({ outcome: 'person', remedy: expect.stringContaining('--yes') })
    expect(await readdir(join(rehearsal.stateDirectory, 'runs'))).toHaveLength(1)
  })

  it('of a key that another run renews is refused before a key is generated, after the ledger was built again, too', async () => {
    const old = await slowly()
    const first = await renew('--before', '60w')
    await rm(join(rehearsal.stateDirectory, 'ledger'), { recursive: true })
    expect((await program('ledger', 'rebuild', ...state())).code).toBe(0)
    expect((await program('ledger', 'check', ...state())).code).toBe(0)
    const another = (): Promise<unknown> => renewInside(old)
    await expect(another()).rejects.toMatchObject({
      code: 'renewal.under-way',
      message: expect.stringContaining(first.run ?? '?'),
    })
    expect((await program('keys', 'list', ...state())).stdout.match(/"location"/g)).toHaveLength(2)
    expect((await program('runs', 'abandon', first.run ?? '', '--yes', '--despite-order', ...state())).code).toBe(0)
    await expect(another(), 'it was given up').resolves.toMatchObject({ exitCode: 6 })
  })

  /** By somebody who does not know the profile's runs. */
  async function renewInside({ id, ...old }: Shown): Promise<unknown> {
    const configuration = await loadConfiguration({ profile: rehearsal.profile, env: {} })
    const services = createRealServices({
      stateDirectory: rehearsal.stateDirectory,
      reading: { env: {} },
      observer: { step: () => undefined },
    })
    const { spkiSha256, certificateNotAfter } = old as unknown as Record<string, string>
    const renews = { run: id, spkiSha256: spkiSha256 ?? '', notAfter: certificateNotAfter ?? '' }
    return enrollInside(
      { configuration, profile: 'another', another: true, confirm: async () => true, renews },
      services,
    )
  }

  it('that the CA rejects leaves the old key as it was; another key and order take a word of their own', async () => {
    const old = await slowly()
    const first = await renew('--before', '60w')
    expect(rehearsal.ca.perform(rehearsal.ca.orders.at(-1)?.orderNumber ?? '', 'reject')).toBe(true)
    expect(await later()).toMatchObject({ code: 4, outcome: 'person' })
    for (let day = 0; day < 2; day++)
      expect(await renew('--before', '60w')).toMatchObject({ code: 8, outcome: 'person', run: first.run })
    expect(rehearsal.ca.orders).toHaveLength(2)
    expect(await renew('--before', '60w', '--again')).toMatchObject({ code: 7, outcome: 'begun', current: old.id })
    expect((await show(first.run ?? '')).state).toBe('rejected')
  })

  it('does not let the old key go once its own certificate was revoked', async () => {
    await rehearse('yubihsm2')
    const old = await enroll()
    const next = await renewed()
    expect((await program('runs', 'switch', next.id, '--profile', rehearsal.profile)).code).toBe(0)
    const revoke = [
      'order',
      'revoke',
      '--order-number',
      next.orderNumber,
      '--reason-code',
      '4',
      '--yes',
      '--profile',
      rehearsal.profile,
    ]
    const revoked = await program(...revoke)
    expect(revoked.code, revoked.stderr).toBe(0)
    const retired = await program('runs', 'retire', old.id, '--yes', ...state())
    expect(retired.code, retired.stderr).toBe(1)
    expect(retired.stderr).toContain('renewal.in-use')
  })
})

describe.runIf(allHere(missingForPcscd()))('a YubiKey', () => {
  it('gives turns to the slots of the profile; a slot is taken again only once its key was retired', async () => {
    await rehearse('yubikey')
    await addPlaces('9c', '82')
    const first = await enroll()
    const second = await renewed()
    expect(second.keyLocation).toBe('82')
    const full = await renew('--before', '60w')
    expect(full).toMatchObject({ code: 8, outcome: 'person', detail: expect.stringContaining(first.id) })
    expect((await program('runs', 'switch', second.id, ...state())).code).toBe(0)
    const retired = await program('runs', 'retire', first.id, '--yes', ...state())
    expect(retired.code, retired.stderr).toBe(0)
    expect(retired.stderr).toContain('stays on the device')
    const third = await renewed()
    expect(third.keyLocation).toBe('9c')
    expect(rehearsal.ca.orders).toHaveLength(3)
  })

  it('whose retired slot somebody has put another key into is left as it is', async () => {
    await rehearse('yubikey')
    await addPlaces('9c', '82')
    const first = await enroll()
    const second = await renewed()
    expect((await program('runs', 'switch', second.id, ...state())).code).toBe(0)
    expect((await program('runs', 'retire', first.id, '--yes', ...state())).code).toBe(0)
    // Somebody with a state folder of their own.
    const other = ['--state-directory', join(folder, 'other'), '--json']
    const theirs = await program('enroll', rehearsal.profile, '--yes', '--wait', '--replace-key', '9c', ...other)
    expect(theirs.code, theirs.stderr).toBe(0)
    const refused = await program('renew', rehearsal.profile, '--yes', '--json', '--before', '60w')
    expect(refused.stderr).toContain('no run is known to have generated it')
    expect(refused.code).toBe(3)
    expect(rehearsal.ca.orders).toHaveLength(3)
    const { keys } = JSON.parse((await program('keys', 'list', rehearsal.profile, '--json', ...other)).stdout) as {
      readonly keys: readonly { readonly run?: string }[]
    }
    expect(keys, 'their key').toContainEqual(expect.objectContaining({ location: '9c', run: shown(theirs).id }))
  })

  it('with one place: what would be lost is said, and nothing is done', async () => {
    await rehearse('yubikey')
    const old = await enroll()
    const alone = await renew('--before', '60w')
    expect(alone).toMatchObject({ code: 8, outcome: 'person' })
    expect(alone.detail).toContain('9c is the only place')
    expect(alone.detail).toContain('nothing can be signed until the CA has issued')
    expect(alone.remedy).toContain(`--replace-key 9c --abandon ${old.id}`)
    expect(rehearsal.ca.orders).toHaveLength(1)
  })
})
