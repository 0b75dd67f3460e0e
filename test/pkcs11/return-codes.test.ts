import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Device, DeviceKey } from '../../devices/device.ts'
import { RETURN_CODES } from '../../devices/pkcs11/return-codes.ts'
import { findClientModule } from '../../src/sandbox/pkcs11-token/client-module.ts'
import { PLAIN_PIN, type PlainSettings } from '../../src/sandbox/pkcs11-token/personalities/plain.ts'
import { type RunningToken, startToken } from '../../src/sandbox/pkcs11-token/start-token.ts'
import { closing, deviceFailure, PrivateEnvironment, p11KitAvailable, recordedOptions } from './hsm-double.ts'
import { openPlainToken } from './open-plain-token.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const spec = (label: string) => ({ algorithm: 'P-256', label, id: bytes(label) }) as const

const PRIVATE_KEYS = (objects: readonly { readonly attributes: Readonly<Record<string, string>> }[]): number =>
  objects.filter(({ attributes }) => Buffer.from(attributes['0'] ?? '', 'base64')[0] === 3).length

describe.runIf(p11KitAvailable())('every return code and every PIN situation, on the virtual token', () => {
  let place: PrivateEnvironment
  let token: RunningToken
  const start = async (settings: PlainSettings = {}): Promise<void> => {
    place = new PrivateEnvironment()
    token = await startToken({ directory: place.folder, personality: { name: 'plain', settings } })
    place.set({ ...token.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: place.folder })
  }
  const stop = async (): Promise<void> => {
    await token.close()
    place.restore()
  }
  const given = (pin: string | undefined = PLAIN_PIN) => recordedOptions(pin === undefined ? {} : { pin })
  const open = async (recorded = given(), uri = 'pkcs11:token=Plain%20token'): Promise<Device> =>
    await openPlainToken(`${uri}?module-path=${findClientModule()}`, recorded.open, 'LUNA')

  describe('return codes', () => {
    beforeAll(() => start({ maxPinFailures: 1000 }))
    afterAll(stop)
    afterEach(() => token.control.setFaults())
    let count = 0

    const outcome = async (call: string, returnValue: number, use: (device: Device) => Promise<unknown>) => {
      const recorded = given()
      const before = await token.control.objects()
      await token.control.request({ do: 'reset-statistics' })
      await token.control.setFaults(`${call}:before:answer=0x${returnValue.toString(16)}`)
      const error = await deviceFailure(closing(await open(recorded), use))
      await token.control.setFaults()
      const statistics = await token.control.statistics()
      expect(statistics.openSessions).toBe(0)
      expect(statistics.connections.open).toBe(0)
      expect(PRIVATE_KEYS(await token.control.objects())).toBeGreaterThanOrEqual(PRIVATE_KEYS(before))
      const failed = recorded.trace.filter(
        ({ call: each, detail }) => each === call && detail?.includes(error.vendorCode ?? ''),
      )
      expect(failed).not.toEqual([])
      return { error, statistics }
    }

    it.each([...RETURN_CODES].map(([number, row]) => [row.name, number, row] as const))(
      '%s becomes its own error at generation, and nothing is left open',
      async (name, number, row) => {
        const { error } = await outcome('C_GenerateKeyPair', number, (device) =>
          device.generateKeyPair(spec(`g${count++}`)),
        )
        expect(error.vendorCode).toBe(name)
        expect(error.code).toBe(row.code)
        expect(error.message).toContain(row.cause)
        expect(error.remedy).toBe(row.remedy)
        expect(error.message).toContain('Plain token')
      },
    )

    it.each([...RETURN_CODES].map(([number, row]) => [row.name, number] as const))(
      '%s at login costs one attempt at most',
      async (name, number) => {
        if (name === 'CKR_USER_ALREADY_LOGGED_IN') return
        const { error, statistics } = await outcome('C_Login', number, async (device) => {
          const first = await deviceFailure(device.generateKeyPair(spec('never')))
          await deviceFailure(device.generateKeyPair(spec('never')))
          throw first
        })
        expect(error.vendorCode).toBe(name)
        expect(error.message.includes('is wrong')).toBe(name === 'CKR_PIN_INCORRECT')
        expect(statistics.calls.C_Login).toBe(1)
        expect(statistics.calls.C_GenerateKeyPair).toBeUndefined()
      },
    )

    it('gives a vendor code that nobody knows as such, with its number', async () => {
      const { error } = await outcome('C_GenerateKeyPair', 0x80004242, (device) =>
        device.generateKeyPair(spec('vendor')),
      )
      expect(error.code).toBe('device.refused')
      expect(error.message).toContain('0x80004242')
    })

    it.each(['C_Initialize', 'C_GetInfo'])(
      'a failing %s is a fault of the module, which is shut down again',
      async (call) => {
        await token.control.request({ do: 'reset-statistics' })
        await token.control.setFaults(`${call}:before:answer=CKR_GENERAL_ERROR`)
        expect(await deviceFailure(open())).toMatchObject({ code: 'device.module', vendorCode: 'CKR_GENERAL_ERROR' })
        await token.control.setFaults()
        expect((await token.control.statistics()).connections.open).toBe(0)
        await closing(await open(), (device) => device.describe())
        expect((await token.control.statistics()).connections.open).toBe(0)
      },
    )

    it('a failing search tells its own error, and not that of closing it', async () => {
      await token.control.setFaults(
        'C_FindObjects:before:answer=CKR_HOST_MEMORY',
        'C_FindObjectsFinal:before:answer=CKR_ARGUMENTS_BAD',
      )
      const error = await deviceFailure(closing(await open(), (device) => device.findKey({ label: 'x' })))
      expect(error.vendorCode).toBe('CKR_HOST_MEMORY')
    })

    it.each([
      'C_OpenSession',
      'C_FindObjectsInit',
      'C_FindObjects',
      'C_GetAttributeValue',
      'C_SignInit',
      'C_Sign',
      'C_CreateObject',
    ])('a failing %s leaves no session open', async (call) => {
      const label = `f${count++}`
      await closing(await open(), (device) => device.generateKeyPair(spec(label)))
      await token.control.request({ do: 'reset-statistics' })
      const { issueCertificate } = await import('./issue-certificate.ts')
      const { hasCertificateStore } = await import('../../devices/device.ts')
      const { error } = await outcome(call, 0x30, async (device) => {
        const key: DeviceKey | undefined = await device.findKey({ label })
        if (key === undefined) throw new Error('not found')
        await key.sign('SHA-256', bytes('x'))
        if (hasCertificateStore(device)) await device.storeCertificate(key, issueCertificate(key.publicKey, 'c'))
      })
      expect(error.vendorCode).toBe('CKR_DEVICE_ERROR')
    })
  })

  describe('a token that goes away', () => {
    it.each(['before', 'during', 'after'] as const)(
      '%s the key is made is one error, and its key is found afterwards if it was made',
      async (when) => {
        await start()
        await token.control.setFaults(`C_GenerateKeyPair:${when}:remove-token`)
        const error = await deviceFailure(closing(await open(), (device) => device.generateKeyPair(spec('gone'))))
        expect(error.code).toBe('device.gone')
        await token.control.setFaults()
        await token.control.request({ do: 'insert-token', slot: 0 })
        const found = await closing(await open(), (device) => device.findKey({ label: 'gone', id: bytes('gone') }))
        expect(found !== undefined).toBe(PRIVATE_KEYS(await token.control.objects()) === 1)
        expect((await token.control.statistics()).openSessions).toBe(0)
        await stop()
      },
    )

    it('together with its service is an error, not a crash', async () => {
      await start()
      await token.control.setFaults('C_GenerateKeyPair:after:drop')
      const error = await deviceFailure(closing(await open(), (device) => device.generateKeyPair(spec('dropped'))))
      expect(['device.gone', 'device.unreachable']).toContain(error.code)
      await token.control.setFaults()
      const found = await closing(await open(), (device) => device.findKey({ label: 'dropped', id: bytes('dropped') }))
      expect(found).toBeDefined()
      await stop()
    })
  })

  describe('PIN', () => {
    const logins = async (): Promise<number> => (await token.control.statistics()).logins.attempted

    it('wrong: one attempt, and the tries left where the token tells', async () => {
      await start({ maxPinFailures: 3 })
      const first = await deviceFailure(
        closing(await open(given('wrong-pin')), (device) => device.generateKeyPair(spec('x'))),
      )
      expect(first).toMatchObject({ code: 'pin.wrong', vendorCode: 'CKR_PIN_INCORRECT' })
      expect(await logins()).toBe(1)
      const second = await deviceFailure(
        closing(await open(given('wrong-pin')), (device) => device.generateKeyPair(spec('x'))),
      )
      expect(second).toMatchObject({ code: 'pin.wrong', triesLeft: 1 })
      expect(await logins()).toBe(2)
      const third = await deviceFailure(
        closing(await open(given('wrong-pin')), (device) => device.generateKeyPair(spec('x'))),
      )
      expect(third).toMatchObject({ code: 'pin.final-try', triesLeft: 1 })
      expect(await logins()).toBe(2)
      await stop()
    })

    it('on its last try, locked, or never set: no attempt, and nobody is asked', async () => {
      await start()
      for (const [tries, code] of [
        [1, 'pin.final-try'],
        [0, 'pin.locked'],
      ] as const) {
        await token.control.request({ do: 'tries-left', slot: 0, role: 'user', tries })
        const recorded = given()
        const error = await deviceFailure(closing(await open(recorded), (device) => device.generateKeyPair(spec('x'))))
        expect(error.code).toBe(code)
        expect(recorded.asked).toEqual([])
      }
      expect(await logins()).toBe(0)
      await stop()
      await start({ userPin: null })
      const error = await deviceFailure(closing(await open(), (device) => device.generateKeyPair(spec('x'))))
      expect(error).toMatchObject({ code: 'credential.refused', vendorCode: 'CKR_USER_PIN_NOT_INITIALIZED' })
      expect(await logins()).toBe(0)
      await stop()
    })

    it('at the device itself: nothing is asked for here, and the person is told', async () => {
      await start({ protectedAuthenticationPath: true })
      const recorded = given()
      await closing(await open(recorded), (device) => device.generateKeyPair(spec('x')))
      expect(recorded.asked).toEqual([])
      expect(recorded.progress.map(({ kind }) => kind)).toContain('login')
      await stop()
    })
  })

  describe('the token', () => {
    it('that is write-protected or not initialised says so before a login', async () => {
      await start({ writeProtected: true })
      expect((await closing(await open(), (device) => device.describe())).obstacles.map(({ code }) => code)).toContain(
        'token.write-protected',
      )
      await stop()
      await start({ initialized: false })
      expect((await deviceFailure(open())).message).toContain('not initialised')
      await stop()
    })

    it('that gives a bare EC point is read as well', async () => {
      await start({ ecPoint: 'bare' })
      const signature = await closing(await open(), async (device) =>
        (await device.generateKeyPair(spec('bare'))).sign('SHA-256', bytes('x')),
      )
      expect(signature[0]).toBe(0x30)
      await stop()
    })

    it('that has a twin is not guessed', async () => {
      await start({ twins: 1 })
      const error = await deviceFailure(open())
      expect(error.code).toBe('device.ambiguous')
      expect(error.message).toContain('1001')
      expect(error.message).toContain('1002')
      expect((await closing(await open(given(), 'pkcs11:serial=1002'), (device) => device.describe())).serial).toBe(
        '1002',
      )
      await stop()
    })
  })
})
