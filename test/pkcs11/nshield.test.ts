import { createPublicKey, verify } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { Device, KeyAlgorithm } from '../../devices/device.ts'
import { family } from '../../devices/nshield/family.ts'
import { nshield } from '../../src/attestation/nshield/verify.ts'
import { type NshieldDouble, startDouble } from '../../src/sandbox/nshield/double.ts'
import type { NshieldSettings } from '../../src/sandbox/pkcs11-token/personalities/nshield.ts'
import { NSHIELD_CARD_PIN, NSHIELD_CARD_SET } from '../../src/sandbox/pkcs11-token/personalities/nshield-identity.ts'
import { closing, deviceFailure, PrivateEnvironment, p11KitAvailable, recordedOptions } from './hsm-double.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const spec = (algorithm: KeyAlgorithm, label: string) => ({ algorithm, label, id: bytes(label) })

describe.runIf(p11KitAvailable())('the nShield family through p11-kit-client on the virtual module', () => {
  let double: NshieldDouble
  let place: PrivateEnvironment
  const start = async (personality?: NshieldSettings): Promise<void> => {
    place = new PrivateEnvironment()
    double = await startDouble({ directory: place.folder, ...(personality === undefined ? {} : { personality }) })
    place.set({ ...double.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: place.folder })
  }
  afterEach(async () => {
    await double.close()
    place.restore()
  })
  const given = (secrets = double.secrets, settings: Readonly<Record<string, unknown>> = {}) =>
    recordedOptions(secrets, { ...double.settings, ...settings })
  const open = async (uri = double.uri, recorded = given()): Promise<Device> => await family.open(uri, recorded.open)

  it('makes keys on a softcard whose bundle the verifier finds genuine', async () => {
    await start()
    const recorded = given()
    await closing(await open(double.uri, recorded), async (device) => {
      for (const algorithm of ['RSA-3072', 'P-256', 'P-384'] as const) {
        const key = await device.generateKeyPair(spec(algorithm, `nshield ${algorithm}`))
        const signature = await key.sign('SHA-256', bytes('request'))
        const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
        expect(verify('sha256', bytes('request'), publicKey, signature)).toBe(true)
        const { package: evidence, artefacts } = await key.attest()
        const verdict = nshield.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() })
        expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
        expect(verdict.genuine).toBe(true)
        expect(verdict.spki).toEqual(key.publicKey)
        expect(Object.keys(artefacts ?? {})[0]).toMatch(/^key_pkcs11_uc[0-9a-f]{40}-[0-9a-f]{40}\.att$/)
      }
    })
    expect(recorded.asked).toEqual(['pin'])
    expect((await double.control.statistics()).openSessions).toBe(0)
  })

  it('makes keys on a card set', async () => {
    await start()
    await closing(
      await open(`nshield:token=${encodeURIComponent(NSHIELD_CARD_SET)}`, given({ pin: NSHIELD_CARD_PIN })),
      async (device) => {
        const { package: evidence } = await (await device.generateKeyPair(spec('P-256', 'card'))).attest()
        expect(nshield.verify(evidence, { trustAnchors: double.trustAnchors, now: Date.now() }).genuine).toBe(true)
      },
    )
  })

  it('explains the security assurances where the accelerator refuses a lasting key', async () => {
    await start()
    await closing(await open('nshield:token=loadshared%20accelerator'), async (device) => {
      const error = await deviceFailure(device.generateKeyPair(spec('P-256', 'module')))
      expect(error.code).toBe('device.refused')
      expect(error.remedy).toContain('softcard')
      expect((await device.describe()).obstacles.map(({ code }) => code)).toEqual(['nshield.accelerator'])
    })
  })

  it('makes module protected keys, without a login, where the assurance is overridden', async () => {
    await start({ overriddenAssurances: ['tokenkeys'] })
    const recorded = given()
    await closing(await open('nshield:token=loadshared%20accelerator', recorded), async (device) => {
      const key = await device.generateKeyPair(spec('P-256', 'module'))
      expect(Object.keys((await key.attest()).artefacts ?? {})[0]).toMatch(/^key_pkcs11_ua[0-9a-f]{40}\.att$/)
    })
    expect(recorded.asked).toEqual([])
    expect((await double.control.statistics()).logins.attempted).toBe(0)
  })

  it('sends no PIN for a single signature to a slot that has none, where no login came before it', async () => {
    await start({ overriddenAssurances: ['tokenkeys'] })
    const recorded = given()
    await closing(await open('nshield:token=loadshared%20accelerator', recorded), async (device) => {
      const key = await device.generateKeyPair(spec('P-256', 'module'))
      await double.control.setFaults('C_Sign#1:after:answer=CKR_USER_NOT_LOGGED_IN')
      expect((await deviceFailure(key.sign('SHA-256', bytes('request')))).code).toBe('credential.refused')
    })
    expect(recorded.asked).toEqual([])
    expect((await double.control.statistics()).logins.attempted).toBe(0)
  })

  it('asks for a card where a FIPS level 3 world wants one', async () => {
    await start({ fipsWorld: true, authorised: false })
    await closing(await open(), async (device) => {
      const error = await deviceFailure(device.generateKeyPair(spec('P-256', 'fips')))
      expect(error).toMatchObject({ code: 'credential.refused', vendorCode: 'CKR_FIPS_TOKEN_NOT_PRESENT' })
      expect(error.remedy).toContain('card')
    })
  })

  it('says that a FIPS world forbids a mechanism, after each of its mechanisms was tried', async () => {
    await start()
    await double.control.setFaults('C_GenerateKeyPair:before:answer=0x80000070')
    const recorded = given()
    await closing(await open(double.uri, recorded), async (device) => {
      const error = await deviceFailure(device.generateKeyPair(spec('RSA-3072', 'forbidden')))
      expect(error).toMatchObject({ code: 'device.unsupported', vendorCode: 'CKR_FIPS_MECHANISM_INVALID' })
    })
    expect(recorded.trace.filter(({ call }) => call === 'C_GenerateKeyPair')).toHaveLength(2)
  })

  it('explains a missing warrant, and leaves the key', async () => {
    await start({ warrant: false })
    await closing(await open(), async (device) => {
      const error = await deviceFailure((await device.generateKeyPair(spec('P-256', 'no warrant'))).attest())
      expect(error.code).toBe('key.not-attestable')
      expect(error.remedy).toContain('KLF2 warrant')
      expect(await device.findKey({ label: 'no warrant' })).toBeDefined()
    })
  })

  it('says that nfkmattest is missing where it is', async () => {
    await start()
    await closing(
      await open(double.uri, given(double.secrets, { nfkmattest: '/nowhere/nfkmattest' })),
      async (device) => {
        const error = await deviceFailure((await device.generateKeyPair(spec('P-256', 'no tool'))).attest())
        expect(error.code).toBe('device.module')
        expect((await device.describe()).obstacles.map(({ code }) => code)).toEqual(['nshield.nfkmattest'])
      },
    )
  })

  it('says what softcards need where a token is not shown', async () => {
    await start()
    const error = await deviceFailure(open('nshield:token=absent'))
    expect(error).toMatchObject({ code: 'device.not-found' })
    expect(error.remedy).toContain('CKNFAST_LOADSHARING=1')
  })

  it('lists its slots when several match', async () => {
    await start()
    const error = await deviceFailure(open('nshield:'))
    expect(error.code).toBe('device.ambiguous')
    expect(error.message).toContain('accelerator')
    expect(error.message).not.toContain('model ,')
    expect((await family.discover({ settings: { module: double.settings.module } })).devices).toHaveLength(3)
  })
})
