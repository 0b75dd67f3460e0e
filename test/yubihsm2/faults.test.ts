import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DeviceError, hasCertificateStore } from '../../devices/device.ts'
import { ERROR_CODES, errorCodeName } from '../../devices/yubihsm2/error-code.ts'
import type { Fault } from '../../src/sandbox/yubihsm2/faults.ts'
import { Rig, spec } from './rig.ts'

const rig = new Rig()

/** One whole enrolment's worth of calls; what a later run does where it failed. */
async function enrol(): Promise<void> {
  const device = await rig.open()
  try {
    const key = (await device.findKey({ label: 'hsm-enroll 4f1c' })) ?? (await device.generateKeyPair(spec()))
    await key.sign('SHA-256', Buffer.from('request'))
    await key.attest()
    if (hasCertificateStore(device)) await device.storeCertificate(key, rig.double.device.issuer.deviceCertificate)
  } finally {
    await device.close()
  }
}

describe('every refusal of the device', () => {
  it.each(Object.keys(ERROR_CODES).map(Number))('0x%s has a cause, a remedy and its own code', async (code) => {
    const device = await rig.open()
    rig.double.device.faults.plan({ kind: 'error', code }, { command: 'generate asymmetric key' })
    const refusal = await device.generateKeyPair(spec()).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(DeviceError)
    expect(refusal).toMatchObject({ vendorCode: errorCodeName(code), code: ERROR_CODES[code]?.code })
    expect(rig.asymmetricKeys()).toBe(0)
    expect(rig.count('generate asymmetric key')).toBe(1)
    await device.close()
  })
})

describe('whatever fails, at every call', () => {
  const faults: readonly Fault[] = [
    { kind: 'drop-before' },
    { kind: 'drop-after' },
    { kind: 'wrong-mac' },
    { kind: 'error', code: 0xff },
    { kind: 'garbage', bytes: Buffer.from('7f') },
    { kind: 'garbage', bytes: Buffer.alloc(3139, 0x85) },
  ]
  it.each(faults.map((fault) => [JSON.stringify(fault).slice(0, 40), fault] as const))(
    '%s: one key at most, and the next run finishes with it',
    { timeout: 180_000 },
    async (_, fault) => {
      await enrol()
      const calls = rig.double.device.faults.commands.length
      expect(calls).toBeGreaterThan(10)
      for (let after = 0; after < calls; after++) {
        rig.double.device.reset()
        rig.double.device.faults.clear()
        rig.double.device.faults.plan(fault, { after })
        const failure = await enrol().then(
          () => undefined,
          (error: unknown) => error,
        )
        if (failure !== undefined) expect(failure).toMatchObject({ name: 'DeviceError', remedy: expect.any(String) })
        expect(rig.asymmetricKeys()).toBeLessThanOrEqual(1)
        rig.double.device.faults.clear()
        await enrol()
        expect(rig.asymmetricKeys()).toBe(1)
        rig.clock += 60_000
        expect(rig.double.device.sessions.open).toBe(0)
      }
    },
  )

  it('reports a device that is unplugged in the middle as gone', async () => {
    const device = await rig.open()
    const key = await device.generateKeyPair(spec())
    rig.double.device.faults.plan({ kind: 'unplug' })
    await expect(key.attest()).rejects.toMatchObject({ name: 'DeviceError', code: 'device.gone' })
    await device.close()
    await expect(rig.open()).rejects.toMatchObject({ code: 'device.gone' })
  })

  it('ends cleanly when it is told to stop while the device generates', async () => {
    const abort = new AbortController()
    const device = await rig.open({}, undefined, undefined, abort.signal)
    rig.double.device.faults.plan({ kind: 'slow', ms: 300 }, { command: 'generate asymmetric key' })
    const generating = device.generateKeyPair(spec())
    const watch = setInterval(() => rig.count('generate asymmetric key') === 1 && abort.abort(), 5)
    await expect(generating).rejects.toMatchObject({ code: 'device.aborted' })
    clearInterval(watch)
    await device.close()
    expect(rig.double.device.sessions.open).toBe(0)
    const next = await rig.open()
    expect((await next.findKey({ label: spec().label }))?.location).toMatch(/^0x/)
    await next.close()
  })

  it('says that all sessions are taken, without a second try', async () => {
    const opened = []
    const before = process.env.HSM_ENROLL_TEST_DEVICE_LOCKS
    const others = mkdtempSync(join(tmpdir(), 'other-hosts-'))
    // Sessions of other hosts, where none of our locks counts.
    for (let i = 0; i < 16; i++) {
      process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = mkdtempSync(join(others, 'host-'))
      opened.push(await rig.open())
    }
    process.env.HSM_ENROLL_TEST_DEVICE_LOCKS = before
    await expect(rig.open()).rejects.toMatchObject({
      code: 'device.busy',
      transient: true,
      vendorCode: expect.not.stringMatching(/^lock$/),
    })
    expect(rig.count('create session')).toBe(17)
    for (const device of opened) await device.close()
    rmSync(others, { recursive: true })
    expect(rig.double.device.sessions.open).toBe(0)
  })

  it('lets one of two runs of this host in, and spends no try of the other', async () => {
    const device = await rig.open()
    await expect(rig.open()).rejects.toMatchObject({ code: 'device.busy', vendorCode: 'lock', transient: true })
    expect(rig.count('create session')).toBe(1)
    expect(rig.asked).toHaveLength(1)
    await device.close()
    await (await rig.open()).close()
  })

  it('opens a new session where the device has let the old one expire, for what may be repeated only', async () => {
    const device = await rig.open()
    const key = await device.generateKeyPair(spec())
    rig.clock = 40_000
    expect((await key.attest()).package.length).toBeGreaterThan(1000)
    rig.clock = 80_000
    await expect(device.generateKeyPair(spec('P-256', 'second'))).resolves.toBeDefined()
    expect(rig.asymmetricKeys()).toBe(2)
    await device.close()
    rig.clock = 200_000
    expect(rig.double.device.sessions.open).toBe(0)
  })

  it('reports a full audit log and leaves it as it is', async () => {
    const { options, log } = rig.double.device
    options.set(1, Buffer.of(1), true)
    options.set(3, Buffer.of(0x46, 1), true)
    while (!log.full) log.add({ command: 0x46, length: 0, session: 1, target: 0, second: 0, result: 0xc6, tick: 0 })
    const device = await rig.open()
    const { obstacles } = await device.describe()
    expect(obstacles).toContainEqual(expect.objectContaining({ severity: 'blocker', code: 'yubihsm2.audit-log-full' }))
    await expect(device.generateKeyPair(spec())).rejects.toMatchObject({ code: 'device.audit-log-full' })
    expect(log.full).toBe(true)
    expect(rig.count('set log index')).toBe(0)
    await device.close()
  })
})
