import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDevice } from '../../devices/open.ts'
import { yubikey as verifier } from '../../src/attestation/yubikey/verify.ts'
import { closing, deviceFailure, recordedOptions } from './hsm-double.ts'
import { startYubikeys, type YubikeyDouble, yubikeyDoubleAvailable } from './yubikey-double.ts'

const SECRETS = { pin: '123456', 'management-key': '010203040506070801020304050607080102030405060708' } as const
const spec = { algorithm: 'P-256', label: 'run 1', id: new TextEncoder().encode('0123456789abcdef') } as const

// libpcsclite keeps the first socket it was led to, so a process has one pcscd: these keys stand in a file of their own.
describe.runIf(yubikeyDoubleAvailable())('two YubiKeys at once', () => {
  let double: YubikeyDouble
  beforeAll(async () => {
    double = await startYubikeys(
      { serial: 111, personality: 'yubikey-5.4.3-fips' },
      { serial: 222, personality: 'yubikey-5.7.4' },
    )
  })
  afterAll(() => double?.close())

  it('are not guessed, and each is opened by its serial', async () => {
    const error = await deviceFailure(openDevice('yubikey:slot=9c', recordedOptions(SECRETS).open))
    expect(error.code).toBe('device.ambiguous')
    expect(error.message).toMatch(/111.*222/)
    for (const serial of ['111', '222']) {
      await closing(await openDevice(`yubikey:serial=${serial}`, recordedOptions(SECRETS).open), async (device) => {
        expect((await device.describe()).serial).toBe(serial)
      })
    }
  })

  it('can be open side by side', async () => {
    await closing(await openDevice('yubikey:serial=111', recordedOptions(SECRETS).open), async (first) => {
      await closing(await openDevice('yubikey:serial=222', recordedOptions(SECRETS).open), async (second) => {
        const [one, other] = [await first.describe(), await second.describe()]
        expect([one.firmware, other.firmware]).toEqual(['5.4.3', '5.7.4'])
      })
    })
  })

  it('of the FIPS series attests as such', async () => {
    await closing(await openDevice('yubikey:serial=111;slot=9a', recordedOptions(SECRETS).open), async (device) => {
      expect((await device.describe()).fips).toBe('certified')
      const { package: evidence } = await (await device.generateKeyPair(spec)).attest()
      const verdict = verifier.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() })
      expect(verdict.genuine).toBe(true)
      expect(verdict.device).toMatchObject({ serial: '111', fips: 'certified' })
    })
  })

  it('with an AES management key says what this libykcs11 cannot, and makes nothing', async () => {
    await closing(await openDevice('yubikey:serial=222', recordedOptions(SECRETS).open), async (device) => {
      const description = await device.describe()
      expect(description.obstacles.map(({ code }) => code)).toContain('management-key.aes')
      expect(description.capabilities.find(({ algorithm }) => algorithm === 'RSA-3072')?.reason).toContain('libykcs11')
      const error = await deviceFailure(device.generateKeyPair(spec))
      expect(error.code).toBe('credential.refused')
      expect(error.message).toContain('management key')
      expect(error.remedy).toContain('ykman piv access change-management-key -a TDES')
    })
  })
})
