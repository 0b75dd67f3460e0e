import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { deleteDeviceKey, deviceKeyAt } from '../../src/enrollment/device-keys.ts'
import { enroll as enrollInside } from '../../src/enrollment/enroll.ts'
import { openLedger } from '../../src/enrollment/open-ledger.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import type { EnrollmentServices } from '../../src/enrollment/services.ts'
import type { FlowStep } from '../../src/sandbox/certificate-authority/flow.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import type { ProgramEnd } from './built-program.ts'
import { formOfRun } from './form-of-run.ts'
import { runInside } from './run-inside.ts'

/** Replacing a key on a device that holds the new one beside the old: nothing goes before it is said, agreed to, and made good. */
let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'replacing-'))
  double = await startYubiHsm2Double()
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

async function rehearse(flow?: readonly FlowStep[]): Promise<void> {
  rehearsal = await startRehearsal({
    directory: folder,
    device: double,
    algorithm: 'P-256',
    authority: { account: { credit: '1000000.00' }, flow },
  })
}

interface Shown {
  readonly id: string
  readonly state: string
  readonly folder: string
  readonly keyLocation: string
  readonly orderNumber?: string
}
const shown = (end: ProgramEnd): Shown => JSON.parse(end.stdout) as Shown
const enroll = (...more: string[]): Promise<ProgramEnd> =>
  runInside(['enroll', rehearsal.profile, '--yes', '--json', ...more])
const program = (...args: string[]): Promise<ProgramEnd> =>
  runInside([...args, '--json', '--state-directory', rehearsal.stateDirectory])

/** An order by a form with the request of a run. */
const orderFor = async (run: Shown): Promise<ProgramEnd> =>
  runInside(['order', 'submit', await formOfRun(run, folder), '--yes', '--json', '--profile', rehearsal.profile])

const objects = (type: number): readonly string[] =>
  double.device.store
    .list()
    .filter((object) => object.type === type)
    .map(({ id }) => `0x${id.toString(16).padStart(4, '0')}`)
const keys = (): readonly string[] => objects(3)

const services = (): EnrollmentServices =>
  createRealServices({
    stateDirectory: rehearsal.stateDirectory,
    reading: { env: {} },
    observer: { step: () => undefined },
  })

/** A run whose order the CA has rejected: nothing of it needs the key, but it may order again. */
async function rejected(): Promise<Shown> {
  const run = shown(await enroll())
  expect(rehearsal.ca.perform(run.orderNumber ?? '', 'reject')).toBe(true)
  expect((await program('runs', 'watch', run.id)).code).toBe(4)
  return run
}

const NEVER: readonly FlowStep[] = [{ after: 100 * 86_400_000, action: 'issue' }]

describe('the key of a run', () => {
  it('that has a paid order is not replaced, by whatever profile, until that run is named', async () => {
    await rehearse(NEVER)
    const paid = shown(await enroll())
    expect(paid.state).toBe('ordered')
    const refused = await enroll('--new', '--replace-key', paid.keyLocation)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(`belongs to the run ${paid.id}, and it has the order ${paid.orderNumber}`)
    expect(refused.stderr).toContain(`--abandon ${paid.id}`)
    const wrong = await enroll('--new', '--replace-key', paid.keyLocation, '--abandon', '2026-01-01-aaaaaa')
    expect(wrong.code).toBe(1)
    expect(keys()).toEqual([paid.keyLocation])
    expect(rehearsal.ca.orders).toHaveLength(1)

    const replaced = await enroll('--new', '--replace-key', paid.keyLocation, '--abandon', paid.id)
    expect(replaced.code, replaced.stderr).toBe(6)
    expect(shown(await program('runs', 'show', paid.id)).state).toBe('abandoned')
    expect(keys(), 'the old key stays until the new one serves').toContain(paid.keyLocation)
  })

  it('is never replaced in a rehearsal of another run, whoever is named', async () => {
    await rehearse(NEVER)
    const paid = shown(await enroll())
    const end = await enroll('--test', '--replace-key', paid.keyLocation, '--abandon', paid.id)
    expect(end.code).toBe(1)
    expect(end.stderr).toContain('key.held')
    expect(shown(await program('runs', 'show', paid.id)).state).toBe('ordered')
  })

  it('that is not finished is not replaced either; one that was abandoned, or a rehearsal that is over, is', async () => {
    await rehearse()
    const begun = shown(await runInside(['keygen', rehearsal.profile, '--json']))
    const refused = await enroll('--new', '--replace-key', begun.keyLocation)
    expect(refused.stderr).toContain('it is not finished (key-generated)')
    expect((await program('runs', 'abandon', begun.id, '--yes')).code).toBe(0)
    const after = await enroll('--wait', '--replace-key', begun.keyLocation)
    expect(after.code, after.stderr).toBe(0)
    const test = shown(await enroll('--test', '--wait'))
    const again = await enroll('--new', '--wait', '--replace-key', test.keyLocation)
    expect(again.code, again.stderr).toBe(0)
  })

  it('with a certificate goes when the new one is installed, and is named with all that is lost; its certificate is kept', async () => {
    await rehearse()
    const old = shown(await enroll('--wait'))
    const certificate = await readFile(join(old.folder, 'certificate.pem'), 'utf8')
    const held = await enroll('--new', '--replace-key', old.keyLocation)
    expect(held.code).toBe(1)
    expect(held.stderr, 'there is nothing to resume').toContain(`renew it with \`hsm-enroll renew ${old.id}`)
    const end = await enroll('--new', '--wait', '--replace-key', old.keyLocation, '--abandon', old.id)
    expect(end.code, end.stderr).toBe(0)
    const made = shown(end)
    expect(end.stderr).toMatch(
      /this replaces the key 0x[0-9a-f]{4} \(SPKI SHA-256 [0-9a-f]{16}…\), its certificate for /,
    )
    for (const part of ['O=Example Signing GmbH', 'issued by', 'good until', old.id, `order ${old.orderNumber}`])
      expect(end.stderr).toContain(part)
    expect(made.keyLocation).not.toBe(old.keyLocation)
    expect(keys()).toEqual([made.keyLocation])
    expect(
      objects(1).filter((id) => id === old.keyLocation),
      'its certificate went with it',
    ).toEqual([])
    expect(await readFile(join(made.folder, 'replaced-certificate.pem'), 'utf8')).toBe(certificate)
    expect((await program('ledger', 'check')).code).toBe(0)
  })

  it.each([
    ['the device has no room', { kind: 'error', code: 0x07 }],
    ['the connection is lost before', { kind: 'drop-before' }],
    ['the device is unplugged', { kind: 'unplug' }],
  ] as const)('is there as before where generating fails: %s', async (_what, fault) => {
    await rehearse()
    const old = shown(await enroll('--wait'))
    double.device.faults.plan(fault, { command: 'generate asymmetric key' })
    const end = await enroll('--new', '--wait', '--replace-key', old.keyLocation, '--abandon', old.id)
    double.device.faults.unplugged = false
    expect(end.code).toBe(3)
    expect(keys()).toEqual([old.keyLocation])
  })

  it('stays where the new certificate could be installed and the old key not deleted; that is said', async () => {
    await rehearse()
    const old = shown(await enroll('--wait'))
    double.device.faults.plan({ kind: 'error', code: 0x09 }, { command: 'delete object' })
    const end = await enroll('--new', '--wait', '--replace-key', old.keyLocation, '--abandon', old.id)
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toContain(`the replaced key ${old.keyLocation} is still there`)
    expect(shown(end).state).toBe('installed')
    expect(keys()).toHaveLength(2)
  })

  it('is not replaced where an order was begun for it while a person was asked', async () => {
    await rehearse([])
    const old = await rejected()
    const flags = { 'key.replaceKey': old.keyLocation }
    const configuration = await loadConfiguration({ profile: rehearsal.profile, env: {}, flags })
    const asked = enrollInside(
      {
        configuration,
        another: true,
        until: 'checked',
        confirmReplacement: async () => {
          expect(shown(await program('runs', 'resume', old.id, '--order-again', '--yes')).state).toBe('ordered')
          return true
        },
      },
      services(),
    )
    await expect(asked).rejects.toMatchObject({ code: 'key.held', message: expect.stringContaining(old.id) })
    expect(keys()).toEqual([old.keyLocation])
  })

  it('stays where another process has ordered for it again since; that is said', async () => {
    await rehearse([])
    const old = await rejected()
    const made = shown(await enroll('--new', '--replace-key', old.keyLocation))
    expect(made.state).toBe('ordered')
    expect(shown(await program('runs', 'resume', old.id, '--order-again', '--yes')).state).toBe('ordered')
    for (const action of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
      expect(rehearsal.ca.perform(made.orderNumber ?? '', action)).toBe(true)
    const end = await program('runs', 'watch', made.id)
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end).state).toBe('installed')
    expect(end.stderr).toContain(`the replaced key ${old.keyLocation} is still there: `)
    expect(keys()).toContain(old.keyLocation)
  })

  it('is not there: then nothing is replaced, and no key is generated', async () => {
    await rehearse()
    const end = await enroll('--replace-key', '0x1234')
    expect(end.code).toBe(3)
    expect(end.stderr).toContain('key.not-found')
    expect(keys()).toEqual([])
  })
})

describe('the keys of a device', () => {
  it('are listed with the runs that they belong to, and deleted by name where no run needs them', async () => {
    await rehearse()
    const paid = shown(await enroll('--wait'))
    const test = shown(await enroll('--test', '--wait'))
    const listed = await runInside(['keys', 'list', rehearsal.profile, '--json'])
    expect(listed.code, listed.stderr).toBe(0)
    const entries = (
      JSON.parse(listed.stdout) as { keys: readonly { location: string; run: string; inUse: boolean }[] }
    ).keys
    expect(new Map(entries.map(({ run, location, inUse }) => [run, [location, inUse]]))).toEqual(
      new Map([
        [paid.id, [paid.keyLocation, true]],
        [test.id, [test.keyLocation, false]],
      ]),
    )
    const held = await runInside(['keys', 'delete', paid.keyLocation, rehearsal.profile, '--yes'])
    expect(held.code).toBe(1)
    expect(held.stderr).toContain(paid.id)
    const unasked = await runInside(['keys', 'delete', test.keyLocation, rehearsal.profile])
    expect(unasked.code).toBe(2)
    expect(keys()).toHaveLength(2)
    const deleted = await runInside(['keys', 'delete', test.keyLocation, rehearsal.profile, '--yes', '--json'])
    expect(deleted.code, deleted.stderr).toBe(0)
    expect(keys()).toEqual([paid.keyLocation])
    const late = await orderFor(test)
    expect([late.code, late.stderr]).toEqual([1, expect.stringMatching(/deleted from its device.*\nTry: Generate/)])
    expect(rehearsal.ca.orders, 'the paid one and the rehearsal').toHaveLength(2)
    const agreed = await program('ledger', 'check')
    expect(agreed.code, agreed.stdout).toBe(0)
  })
  it('are not deleted where an order was begun for them while a person was asked', async () => {
    await rehearse([])
    const { id, keyLocation } = await rejected()
    const configuration = await loadConfiguration({ profile: rehearsal.profile, env: {} })
    const inside = services()
    const device = await inside.openDevice(configuration)
    try {
      const key = await deviceKeyAt(device, keyLocation, { ...inside, ledger: await openLedger(inside) })
      expect(key.holder).toMatchObject({ run: id, stake: undefined })
      expect(shown(await program('runs', 'resume', id, '--order-again', '--yes')).state).toBe('ordered')
      await expect(deleteDeviceKey(device, key, inside, 'operator')).rejects.toMatchObject({ code: 'key.held' })
    } finally {
      await device.close()
    }
    expect(keys()).toEqual([keyLocation])
  })

  it('are not deleted where their run was given up, and a form was ordered with since', async () => {
    await rehearse()
    const made = shown(await runInside(['csr', rehearsal.profile, '--json']))
    expect((await program('runs', 'abandon', made.id, '--yes')).code).toBe(0)
    const ordered = await orderFor(made)
    expect(ordered.code, ordered.stderr).toBe(0)
    const end = await runInside(['keys', 'delete', made.keyLocation, rehearsal.profile, '--yes'])
    expect([end.code, end.stderr]).toEqual([1, expect.stringContaining(shown(ordered).id)])
    expect(keys()).toEqual([made.keyLocation])
  })
})
