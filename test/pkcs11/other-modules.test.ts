import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DiscoverOptions } from '../../devices/device.ts'
import { discoverTokens } from '../../devices/pkcs11/discover-tokens.ts'
import { findClientModule } from '../../src/sandbox/pkcs11-token/client-module.ts'
import { PLAIN_PIN, type PlainSettings } from '../../src/sandbox/pkcs11-token/personalities/plain.ts'
import { type RunningToken, startToken } from '../../src/sandbox/pkcs11-token/start-token.ts'
import { closing, PrivateEnvironment, p11KitAvailable, recordedOptions } from './hsm-double.ts'
import { issueCertificate } from './issue-certificate.ts'
import { openPlainToken, plainFamily } from './open-plain-token.ts'

const LABEL = '3'
const spec = (label: string) => ({ algorithm: 'P-256', label, id: Buffer.from(label) }) as const

/** A token that does what other vendors' modules were seen to do. */
function withPlainToken(settings: PlainSettings) {
  const place = new PrivateEnvironment()
  const directory = mkdtempSync(join(tmpdir(), 'p11o-'))
  let token: RunningToken | undefined
  beforeAll(async () => {
    token = await startToken({ directory, personality: { name: 'plain', settings } })
    place.set({ ...token.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: place.folder })
  })
  afterAll(async () => {
    await token?.close()
    place.restore()
    rmSync(directory, { recursive: true, force: true })
  })
  const control = () => {
    if (token === undefined) throw new Error('the token is not running')
    return token.control
  }
  const uri = `pkcs11:?module-path=${p11KitAvailable() ? findClientModule() : ''}`
  return {
    uri,
    control,
    open: (at = uri) => openPlainToken(at, recordedOptions({ pin: PLAIN_PIN }).open, 'LUNA'),
    labels: async () =>
      (await control().objects()).map(({ attributes }) => Buffer.from(attributes[LABEL] ?? '', 'base64').toString()),
  }
}

describe.runIf(p11KitAvailable())('a module that gives a destroyed object’s handle to the next object', () => {
  const token = withPlainToken({ reusedHandles: true })

  it('loses with a deleted key that key and nothing of its neighbours', async () => {
    const before = await token.labels()
    await closing(await token.open(), async (device) => {
      const opened = device as Awaited<ReturnType<typeof token.open>>
      const first = await opened.generateKeyPair(spec('first'))
      await opened.storeCertificate(first, issueCertificate(first.publicKey, 'first'))
      for (const label of ['second', 'third']) await opened.generateKeyPair(spec(label))
      await opened.deleteKey(first.location)
      const left = [...before, 'second', 'second', 'third', 'third']
      expect((await token.labels()).toSorted()).toEqual(left.toSorted())
    })
  })

  it('keeps the renewed certificate, and every certificate of another key', async () => {
    await closing(await token.open(), async (device) => {
      const opened = device as Awaited<ReturnType<typeof token.open>>
      const [mine, other] = [await opened.generateKeyPair(spec('mine')), await opened.generateKeyPair(spec('other'))]
      const [old, fresh] = ['old', 'new'].map((name) => issueCertificate(mine.publicKey, name))
      const others = issueCertificate(other.publicKey, 'of the other')
      if (old === undefined || fresh === undefined) throw new Error('no certificates')
      await opened.storeCertificate(mine, old)
      await opened.storeCertificate(other, others)
      await opened.storeCertificate(mine, fresh, { replace: true })
      expect(await opened.readCertificate(mine)).toEqual(fresh)
      expect(await opened.readCertificate(other)).toEqual(others)
    })
  })
})

describe.runIf(p11KitAvailable())('a module that fails without a reason', () => {
  const token = withPlainToken({})

  it('is asked once more with fewer attributes where it has made nothing', async () => {
    const before = await token.labels()
    await closing(await token.open(), async (device) => {
      await token.control().setFaults('C_GenerateKeyPair#1:before:answer=CKR_GENERAL_ERROR')
      const key = await device.generateKeyPair(spec('vague'))
      expect(key.location).toContain('vague')
      expect(await token.labels()).toEqual([...before, 'vague', 'vague'])
    })
  })

  it('is not asked again where it has made the key all the same: the run finds it', async () => {
    await closing(await token.open(), async (device) => {
      await token.control().setFaults('C_GenerateKeyPair#1:after:answer=CKR_GENERAL_ERROR')
      await expect(device.generateKeyPair(spec('made'))).rejects.toMatchObject({ vendorCode: 'CKR_GENERAL_ERROR' })
      expect((await token.labels()).filter((label) => label === 'made')).toHaveLength(2)
      expect((await device.findKey({ label: 'made' }))?.location).toContain('made')
    })
  })
})

describe.runIf(p11KitAvailable())('a token with one subject per label (NSS)', () => {
  const token = withPlainToken({ oneSubjectPerLabel: true })

  it('takes a renewed certificate with another subject, and gives up the old one', async () => {
    await closing(await token.open(), async (device) => {
      const opened = device as Awaited<ReturnType<typeof token.open>>
      const key = await opened.generateKeyPair(spec('nss'))
      const [old, fresh] = ['Old Ltd', 'New Ltd'].map((name) => issueCertificate(key.publicKey, name))
      if (old === undefined || fresh === undefined) throw new Error('no certificates')
      await opened.storeCertificate(key, old)
      await opened.storeCertificate(key, fresh, { replace: true })
      expect(await opened.readCertificate(key)).toEqual(fresh)
      expect(await token.labels()).toEqual(['nss', 'nss', expect.stringMatching(/^nss [0-9a-f]{8}$/)])
    })
  })
})

describe.runIf(p11KitAvailable())('tokens without a serial number', () => {
  const token = withPlainToken({ twins: 1, withoutSerial: true })

  it('have a URI each, which opens that one', async () => {
    const options: DiscoverOptions = { uri: token.uri }
    const { devices } = await discoverTokens(plainFamily('LUNA'), options)
    const uris = devices.map(({ uri }) => uri)
    expect(new Set(uris).size).toBe(2)
    for (const uri of uris)
      await closing(await token.open(uri), async (device) => expect((await device.describe()).uri).toBe(uri))
  })
})
