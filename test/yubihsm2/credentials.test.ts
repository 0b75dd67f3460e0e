import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { exportJwk } from '../../devices/export-jwk.ts'
import { pointOf } from '../../devices/yubihsm2/asymmetric-keys.ts'
import { deriveStaticKeys } from '../../devices/yubihsm2/session-keys.ts'
import { Rig, spec } from './rig.ts'

const rig = new Rig()

describe('credentials', () => {
  it('puts no secret into traces, prompts or errors', async () => {
    const password = 'Tr0ub4dor&3'
    const factory = rig.factoryKey()
    const keys = await deriveStaticKeys(Buffer.from(password))
    rig.double.device.store.replaceBytes(factory, Buffer.concat([keys.encryption, keys.mac]))
    const device = await rig.open({}, { password })
    await (await device.generateKeyPair(spec())).attest()
    await device.close()
    const wrong = await rig.open({}, { password: `${password}x` }).catch((error: unknown) => error)
    const seen = inspect([rig.trace, rig.asked, wrong, device], { depth: 20, showHidden: true })
    expect(seen).toContain('generate asymmetric key')
    expect(seen).not.toContain(password)
    expect(seen).not.toContain(Buffer.from(password).toString('hex'))
  })

  it('tries a wrong password once and never again', async () => {
    await expect(rig.open({}, { password: 'passwort' })).rejects.toMatchObject({ code: 'pin.wrong' })
    expect(rig.count('create session')).toBe(1)
    expect(rig.count('authenticate session')).toBe(0)
    expect(rig.asked).toHaveLength(1)
  })

  it('does not try again when the password is changed behind an expired session', async () => {
    const device = await rig.open()
    const factory = rig.factoryKey()
    rig.double.device.store.replaceBytes(factory, Buffer.alloc(32))
    rig.clock = 31_000
    await expect(device.findKey({ label: 'x' })).rejects.toMatchObject({ code: 'pin.wrong' })
    await expect(device.findKey({ label: 'x' })).rejects.toMatchObject({ code: 'pin.wrong' })
    expect(rig.count('create session')).toBe(2)
    await device.close()
  })

  it.each([
    [{}, 'pin.missing'],
    [{ password: '' }, 'pin.malformed'],
    [{ password: 'cccccccccccbrtdhdghrlfvvgtbruifnhdrhtedvbgfv' }, 'pin.malformed'],
  ])('sends nothing for %j', async (secrets, code) => {
    await expect(rig.open({}, secrets)).rejects.toMatchObject({ code })
    expect(rig.count('create session')).toBe(0)
  })

  it('says that a key is of the other kind, and does not try again', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const asymmetric = rig.open({ authentication: 'asymmetric' }, { 'authentication-key': secret })
    await expect(asymmetric).rejects.toMatchObject({ code: 'credential.refused' })
    rig.double.device.store.add({ ...rig.factoryKey(), id: 9, algorithm: 49, bytes: pointOf(publicKey).subarray(1) })
    const password = rig.open({}, undefined, rig.double.uri.replace('auth-key=1', 'auth-key=9'))
    await expect(password).rejects.toMatchObject({ code: 'credential.refused' })
    expect(rig.count('create session')).toBe(2)
  })

  it('refuses an authentication key that does not exist', async () => {
    await expect(
      rig.open({}, undefined, `yubihsm2:connector=${rig.double.connectorUrl};auth-key=0x0007`),
    ).rejects.toMatchObject({ code: 'credential.refused' })
    expect(rig.count('create session')).toBe(1)
  })

  it('authenticates with a P-256 key, raw or PEM, and meets the pinned device only', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const factory = rig.factoryKey()
    rig.double.device.store.add({ ...factory, id: 9, algorithm: 49, bytes: pointOf(publicKey).subarray(1) })
    const uri = rig.double.uri.replace('auth-key=1', 'auth-key=9')
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const raw = Buffer.from(exportJwk(privateKey).d ?? '', 'base64url').toString('hex')
    const pin = pointOf(rig.double.device.staticKey).toString('hex')
    for (const secret of [pem, raw]) {
      const device = await rig.open(
        { authentication: 'asymmetric', devicePublicKey: pin },
        { 'authentication-key': secret },
        uri,
      )
      expect((await device.describe()).obstacles.map(({ code }) => code)).not.toContain(
        'yubihsm2.device-key-not-pinned',
      )
      await device.close()
    }
    const unpinned = await rig.open({ authentication: 'asymmetric' }, { 'authentication-key': pem }, uri)
    const description = await unpinned.describe()
    expect(description.obstacles.map(({ code }) => code)).toContain('yubihsm2.device-key-not-pinned')
    expect(description.details?.['Device public key']).toBe(pin.slice(2))
    await unpinned.close()
    const other = pointOf(publicKey).toString('hex')
    const before = rig.count('create session')
    await expect(
      rig.open({ authentication: 'asymmetric', devicePublicKey: other }, { 'authentication-key': pem }, uri),
    ).rejects.toMatchObject({ code: 'credential.refused' })
    expect(rig.count('create session')).toBe(before + 1)
  })
})
