import { createPublicKey, verify } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Device, hasCertificateStore, type KeyAlgorithm } from '../../devices/device.ts'
import { family } from '../../devices/luna/family.ts'
import { LunaDevice } from '../../devices/luna/luna-device.ts'
import { LUNA_RETURN_CODES } from '../../devices/luna/luna-return-codes.ts'
import { LUNA_FAMILY, lunaRole } from '../../devices/luna/luna-settings.ts'
import { discoverDevices } from '../../devices/open.ts'
import { openToken } from '../../devices/pkcs11/open-token.ts'
import { luna } from '../../src/attestation/luna/verify.ts'
import { type LunaDouble, startDouble } from '../../src/sandbox/luna/double.ts'
import { lunaVendorMechanisms } from '../../src/sandbox/pkcs11-token/personalities/luna.ts'
import { LUNA_CRYPTO_USER_PIN } from '../../src/sandbox/pkcs11-token/personalities/luna-identity.ts'
import { installVendorMechanismShim } from '../pkcs11-token/vendor-mechanism-shim.ts'
import { closing, deviceFailure, PrivateEnvironment, p11KitAvailable, recordedOptions } from './hsm-double.ts'
import { issueCertificate } from './issue-certificate.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const spec = (algorithm: KeyAlgorithm, label: string) => ({ algorithm, label, id: bytes(label) })

describe.runIf(p11KitAvailable())('the Luna family through p11-kit-client on the virtual partition', () => {
  const place = new PrivateEnvironment()
  let double: LunaDouble
  beforeAll(async () => {
    double = await startDouble({ directory: place.folder })
    place.set({ ...double.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: place.folder })
  })
  afterAll(async () => {
    await double?.close()
    place.restore()
  })
  const given = (secrets = double.secrets, settings: Readonly<Record<string, unknown>> = {}) =>
    recordedOptions(secrets, { ...double.settings, ...settings })
  const open = async (recorded = given()): Promise<Device> => await family.open(double.uri, recorded.open)

  it.each(['RSA-3072', 'RSA-4096', 'P-256', 'P-384'] as const)(
    'makes a %s key whose confirmation the verifier finds genuine',
    async (algorithm) => {
      const recorded = given()
      await closing(await open(recorded), async (device) => {
        const key = await device.generateKeyPair(spec(algorithm, `luna ${algorithm}`))
        expect(key.attributes).toMatchObject({
          local: true,
          sensitive: true,
          extractable: false,
          neverExtractable: true,
        })
        const signature = await key.sign('SHA-384', bytes('request'))
        const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
        expect(verify('sha384', bytes('request'), publicKey, signature)).toBe(true)
        const { package: evidence } = await key.attest()
        const verdict = luna.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() })
        expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
        expect(verdict.genuine).toBe(true)
        expect(verdict.spki).toEqual(key.publicKey)
        if (!hasCertificateStore(device)) throw new Error('no certificate store')
        const certificate = issueCertificate(key.publicKey, 'luna')
        await device.storeCertificate(key, certificate)
        expect(await device.readCertificate(key)).toEqual(certificate)
      })
      expect(recorded.asked).toEqual(['pin'])
      expect((await double.control.statistics()).openSessions).toBe(0)
      const [, calls = '', logins = ''] = /^(\d+) calls, (\d+) logins/.exec(recorded.trace.at(-1)?.detail ?? '') ?? []
      expect(Number(logins)).toBe(1)
      expect(Number(calls)).toBeLessThanOrEqual(56)
    },
  )

  it('prefers the FIPS 186-3 prime mechanism where the module lists it', async () => {
    class Partition extends LunaDevice {
      readonly library = this.opened.cryptoki.library
    }
    const recorded = given()
    const device = await openToken(
      LUNA_FAMILY,
      double.uri,
      recorded.open,
      { userRole: lunaRole },
      (opened) => new Partition(opened),
    )
    installVendorMechanismShim(device.library, lunaVendorMechanisms)
    await closing(device, () => device.generateKeyPair(spec('RSA-3072', 'FIPS prime')))
    expect(recorded.trace.filter(({ call }) => call === 'C_GenerateKeyPair').map(({ detail }) => detail)).toEqual([
      'RSA-3072, mechanism 0x80000143, label FIPS prime',
    ])
  })

  it.each([...LUNA_RETURN_CODES].map(([number, row]) => [row.name, number, row] as const))(
    'tells %s from every other code, at a login that is tried once',
    async (name, number, { code }) => {
      await double.control.request({ do: 'reset-statistics' })
      await double.control.setFaults(`C_Login:before:answer=0x${number.toString(16)}`)
      const error = await closing(await open(), async (device) => {
        await deviceFailure(device.generateKeyPair(spec('P-256', 'never')))
        return await deviceFailure(device.generateKeyPair(spec('P-256', 'never')))
      })
      await double.control.setFaults()
      expect(error).toMatchObject({ code, vendorCode: name })
      expect((await double.control.statistics()).calls.C_Login).toBe(1)
    },
  )

  it('writes the package as PEM where the profile says so', async () => {
    await closing(await open(given(double.secrets, { packageForm: 'pem' })), async (device) => {
      const { package: evidence } = await (await device.generateKeyPair(spec('P-256', 'pem'))).attest()
      expect(Buffer.from(evidence).toString()).toMatch(/^-----BEGIN PKCS7-----\n[\w+/=\n]+-----END PKCS7-----\n$/)
    })
  })

  it('falls back to cmu getpkc, and the PIN is in no argument', async () => {
    const seen = join(place.folder, 'arguments')
    const wrapper = join(place.folder, 'cmu-wrapper')
    writeFileSync(wrapper, `#!/bin/sh\necho "$@" >>'${seen}'\nexec '${double.cmu}' "$@"\n`)
    chmodSync(wrapper, 0o700)
    await closing(await open(given(double.secrets, { cmu: wrapper })), async (device) => {
      const key = await device.generateKeyPair(spec('RSA-3072', 'by cmu'))
      await double.control.setFaults('C_GetAttributeValue:before:answer=CKR_ATTRIBUTE_TYPE_INVALID')
      try {
        const { package: evidence } = await key.attest()
        expect(luna.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() }).spki).toEqual(
          key.publicKey,
        )
      } finally {
        await double.control.setFaults()
      }
    })
    expect(readFileSync(seen, 'utf8')).toContain('getpkc')
    expect(readFileSync(seen, 'utf8')).not.toContain(double.secrets.pin)
  })

  it.each([
    ['by its OUID, as Luna Cloud HSM wants it', ''],
    ['by its handle where this cmu knows no OUID', 'case "$*" in *ouid*) exit 1;; esac\n'],
  ])('names the key to cmu %s', async (_what, refusal) => {
    const seen = join(place.folder, 'names')
    const wrapper = join(place.folder, 'cmu-names')
    writeFileSync(wrapper, `#!/bin/sh\necho "$@" >'${seen}'\n${refusal}exec '${double.cmu}' "$@"\n`)
    chmodSync(wrapper, 0o700)
    await closing(await open(given(double.secrets, { cmu: wrapper })), async (device) => {
      const key = await device.generateKeyPair(spec('RSA-3072', `named ${refusal.length}`))
      // Neither half has the confirmation; the OUID is told.
      await double.control.setFaults(
        ...[1, 2].map((occurrence) => `C_GetAttributeValue#${occurrence}:before:answer=CKR_ATTRIBUTE_TYPE_INVALID`),
      )
      const { package: evidence } = await key.attest()
      await double.control.setFaults()
      expect(luna.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() }).spki).toEqual(key.publicKey)
    })
    expect(readFileSync(seen, 'utf8')).toMatch(refusal === '' ? /-ouid=[0-9a-f]{24} / : /-handle=\d+ /)
  })

  it('gives cmu, which logs in as the Crypto Officer, no PIN of another role', async () => {
    const key = await closing(await open(), (device) => device.generateKeyPair(spec('P-256', 'seen by the user')))
    await closing(await open(given({ pin: LUNA_CRYPTO_USER_PIN }, { role: 'crypto-user' })), async (device) => {
      const found = await device.findKey({ location: key.location })
      await double.control.setFaults('C_GetAttributeValue:before:answer=CKR_ATTRIBUTE_TYPE_INVALID')
      const error = await deviceFailure(found?.attest() ?? Promise.resolve())
      await double.control.setFaults()
      expect(error.code).toBe('key.not-attestable')
      expect(error.message).toContain('Crypto Officer')
      const [partition] = (await device.describe()).obstacles.filter(({ code }) => code === 'pin.count-low')
      expect(partition).toBeUndefined()
    })
  })

  it('says what is missing where neither the module nor cmu gives a confirmation', async () => {
    await closing(await open(given(double.secrets, { cmu: '/nowhere/cmu' })), async (device) => {
      const key = await device.generateKeyPair(spec('P-256', 'unconfirmed'))
      await double.control.setFaults('C_GetAttributeValue:before:answer=CKR_ATTRIBUTE_TYPE_INVALID')
      const error = await deviceFailure(key.attest())
      await double.control.setFaults()
      expect(error.code).toBe('key.not-attestable')
      expect(error.message).toContain('/nowhere/cmu')
    })
  })

  it('logs in as Crypto User, who signs and makes no keys', async () => {
    await closing(await open(), (device) => device.generateKeyPair(spec('P-256', 'for the user')))
    await closing(await open(given({ pin: LUNA_CRYPTO_USER_PIN }, { role: 'crypto-user' })), async (device) => {
      const key = await device.findKey({ label: 'for the user' })
      expect(await key?.sign('SHA-256', bytes('x'))).toBeDefined()
      expect((await deviceFailure(device.generateKeyPair(spec('P-256', 'by the user')))).code).toBe(
        'credential.refused',
      )
      expect((await device.describe()).obstacles.map(({ code }) => code)).toContain('luna.role')
    })
  })

  it('is discovered where the URI of a profile says, and no other family is led there', async () => {
    const uri = `pkcs11:?module-path=${double.settings.module}`
    const found = await discoverDevices({ uri, hsmType: 'LUNA', hsmTypes: ['LUNA', 'NSHIELD'] })
    expect(found.get('LUNA')?.devices).toMatchObject([{ model: 'LunaSA 7.8.4' }])
    expect(found.get('LUNA')?.devices[0]?.uri).toContain('?module-path=')
    expect(found.get('NSHIELD')?.devices).toEqual([])
    expect(found.get('NSHIELD')?.trail.join('; ')).not.toContain(String(double.settings.module))
    const bySetting = await discoverDevices({ uri: 'luna:', settings: double.settings, hsmTypes: ['LUNA', 'NSHIELD'] })
    expect(bySetting.get('LUNA')?.devices).toHaveLength(1)
    expect(bySetting.get('NSHIELD')?.trail.join('; ')).not.toContain(String(double.settings.module))
  })

  it('is discovered and described with the same firmware', async () => {
    const { devices } = await family.discover({ settings: double.settings })
    expect(devices).toMatchObject([{ hsmType: 'LUNA', model: 'LunaSA 7.8.4', firmware: '7.8.4' }])
    await closing(await open(), async (device) => {
      expect(await device.describe()).toMatchObject({ firmware: '7.8.4', fips: 'unknown', obstacles: [] })
    })
    const [found] = devices
    await closing(await family.open(found?.uri ?? '', given().open), async (device) => {
      expect((await device.describe()).model).toBe('LunaSA 7.8.4')
    })
  })
})
