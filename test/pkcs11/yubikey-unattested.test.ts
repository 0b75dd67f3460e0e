import { execFileSync } from 'node:child_process'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Device } from '../../devices/device.ts'
import { openDevice } from '../../devices/open.ts'
import { installed, OPENSC } from '../piv-card/installed.ts'
import { deviceFailure, recordedOptions } from './hsm-double.ts'
import { startYubikeys, type YubikeyDouble } from './yubikey-double.ts'

const SERIAL = 15732502
const SECRETS = { pin: '123456', 'management-key': '010203040506070801020304050607080102030405060708' }
const SPEC = { algorithm: 'P-256', label: 'run 1', id: Buffer.from('0123456789abcdef') } as const

describe.runIf(installed('ykcs11', 'yubico-piv-tool', 'opensc'))('a YubiKey that gives no attestation', () => {
  let double: YubikeyDouble
  let device: Device | undefined
  beforeAll(async () => {
    double = await startYubikeys({ serial: SERIAL })
    execFileSync('yubico-piv-tool', ['-a', 'delete-certificate', '-s', 'f9'], { stdio: 'ignore' })
  })
  afterEach(async () => {
    await device?.close()
    device = undefined
  })
  afterAll(() => double?.close())

  const open = async (uri: string, hsmType?: 'YUBIKEY', settings = {}): Promise<Device> => {
    const family = hsmType === undefined ? {} : { hsmType }
    device = await openDevice(uri, { ...recordedOptions(SECRETS).open, settings, ...family })
    return device
  }

  it('because slot f9 is empty is told so before a key is generated', async () => {
    const yubikey = await open(`yubikey:serial=${SERIAL};slot=9c`)
    expect((await yubikey.describe()).obstacles).toMatchObject([
      {
        severity: 'blocker',
        stops: 'attestation',
        code: 'key.not-attestable',
        message: expect.stringContaining('slot f9 contains no attestation certificate'),
      },
    ])
    expect((await double.card.snapshot()).keys.filter(({ slot }) => slot === 0x9c)).toEqual([])
    const key = await yubikey.generateKeyPair(SPEC)
    expect(await deviceFailure(key.attest())).toMatchObject({
      code: 'key.not-attestable',
      message: expect.stringContaining('slot f9 contains no attestation certificate'),
    })
  })

  it('because the module is not libykcs11 is told so, and not that its firmware is too old', async () => {
    const yubikey = await open('pkcs11:', 'YUBIKEY', { module: OPENSC })
    expect((await yubikey.describe()).obstacles).toMatchObject([
      { severity: 'blocker', code: 'device.module', message: expect.stringContaining(`${OPENSC} is not libykcs11`) },
    ])
  })
})
