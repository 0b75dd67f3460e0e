import { describe, expect, it } from 'vitest'
import { loadFamily } from './open.ts'

/** What a family refuses of a URI and settings by themselves: without a module, a device or a network. */
const REFUSED = [
  ['YUBIKEY', 'yubikey:serial=1;slot=9c', {}, 'yubikey:slot=77', {}],
  ['YUBIKEY', 'pkcs11:serial=1', { slot: '9a' }, 'yubikey:slot=9c', { slot: '9a' }],
  ['YUBIHSM2', 'yubihsm2:', {}, 'yubihsm2:connector=ftp://x', {}],
  ['YUBIHSM2', 'yubihsm2:serial=1', {}, 'yubihsm2:nonsense=1', {}],
  ['LUNA', 'luna:token=A', { role: 'crypto-user' }, 'luna:token=A', { role: 'nobody' }],
  ['LUNA', 'luna:token=A', { packageForm: 'pem' }, 'luna:token=A', { packageForm: 'zip' }],
  ['NSHIELD', 'nshield:token=A', {}, 'nshield:token=A?pin-source=env:PIN', {}],
  ['NSHIELD', 'nshield:token=A', {}, 'nshield:token=A', { role: 'x' }],
  ['FORTANIX', 'fortanix:region=eu', {}, 'fortanix:region=mars', {}],
  ['MARVELL_GOOGLE', 'marvell-google:projects/p/locations/l/keyRings/r', {}, 'marvell-google:projects/p', {}],
] as const

describe('a family looks at URI and settings by themselves', () => {
  it.each(REFUSED)('%s takes %s %o, and refuses %s %o', async (hsmType, good, goodSettings, bad, badSettings) => {
    const family = await loadFamily(hsmType)
    await family.check(good, goodSettings)
    const refusal = await family.check(bad, badSettings).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ name: 'DeviceError', code: expect.stringMatching(/^device\.(uri|settings)$/) })
  })
})
