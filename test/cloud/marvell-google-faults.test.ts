import { createPublicKey, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { expectClear, FAULTS, runAndResume } from './fault-matrix.ts'
import { openKms } from './open-cloud-device.ts'
import { newSpec, withKms } from './with-double.ts'

const kms = withKms()
const versionsOf = (key: string) =>
  kms()
    .service.keys.get(key)
    ?.versions.map(({ name }) => name)

const CALLS = [
  'Token',
  'GetCryptoKey',
  'CreateCryptoKey',
  'ListCryptoKeyVersions',
  'GetCryptoKeyVersion',
  'GetPublicKey',
  'AsymmetricSign',
]

describe.each(CALLS)('Cloud KMS: whatever happens at %s', (call) => {
  it.each(Object.keys(FAULTS))('%s: one key, and the run comes to its end', async (name) => {
    const fault = FAULTS[name]
    if (fault === undefined) throw new Error('no such fault')
    const spec = newSpec()
    kms().http.faults.add({ ...fault, call })
    const outcome = await runAndResume(
      () => openKms(kms()),
      spec,
      'SHA-256',
      () => kms().http.faults.clear(),
    )
    expect(versionsOf(`${kms().ring}/cryptoKeys/${spec.label}`)).toEqual([outcome.key.location])
    const key = createPublicKey({ key: Buffer.from(outcome.key.publicKey), format: 'der', type: 'spki' })
    expect(verify('sha256', Buffer.from('to be signed'), key, outcome.signature)).toBe(true)
    outcome.errors.forEach(expectClear)
  })
})

const VERSION_CALLS = [
  'GetCryptoKey',
  'UpdateCryptoKey',
  'ListCryptoKeyVersions',
  'CreateCryptoKeyVersion',
  'GetCryptoKeyVersion',
]

describe.each(VERSION_CALLS)('a new version of a key that exists: whatever happens at %s', (call) => {
  it.each(Object.keys(FAULTS))('%s: one version, and the run comes to its end', async (name) => {
    const fault = FAULTS[name]
    if (fault === undefined) throw new Error('no such fault')
    const owner = await openKms(kms())
    const existing = await owner.generateKeyPair(newSpec())
    const cryptoKey = existing.location.replace(/\/cryptoKeyVersions.*/, '')
    const open = () => openKms(kms(), { uri: `marvell-google:${cryptoKey}` })
    kms().http.faults.add({ ...fault, call })
    const outcome = await runAndResume(open, newSpec(), 'SHA-256', () => kms().http.faults.clear())
    expect(versionsOf(cryptoKey)).toEqual([existing.location, outcome.key.location])
    outcome.errors.forEach(expectClear)
  })
})

describe('replies that were altered on their way', () => {
  it.each([
    ['GetPublicKey', 'pemCrc32c', '1'],
    ['GetPublicKey', 'name', 'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/9'],
    ['GetPublicKey', 'algorithm', 'RSA_SIGN_PKCS1_2048_SHA256'],
    ['GetPublicKey', 'protectionLevel', 'SOFTWARE'],
    ['AsymmetricSign', 'signatureCrc32c', '1'],
    ['AsymmetricSign', 'verifiedDigestCrc32c', false],
    ['AsymmetricSign', 'verifiedDigestCrc32c', undefined],
    ['AsymmetricSign', 'name', 'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/9'],
    ['AsymmetricSign', 'protectionLevel', 'SOFTWARE'],
    ['AsymmetricSign', 'signature', 'AAAA'],
  ] as const)(
    '%s with another %s is thrown away and asked for again, three times at most',
    async (call, field, value) => {
      const change = (reply: Record<string, unknown>): void => {
        reply[field] = value
      }
      const use = async () => {
        const key = await (await openKms(kms())).generateKeyPair(newSpec())
        await key.sign('SHA-256', Buffer.from('data'))
      }
      kms().http.faults.add({ kind: 'alter', call, change, times: 2 })
      await use()
      kms().http.log.length = 0
      kms().http.faults.add({ kind: 'alter', call, change, times: 99 })
      await expect(use()).rejects.toMatchObject({ code: 'device.protocol' })
      expect(kms().http.log.filter((name) => name === call)).toHaveLength(3)
    },
  )

  it.each([
    ['GetCryptoKey', 'name'],
    ['CreateCryptoKey', 'name'],
    ['GetCryptoKeyVersion', 'name'],
  ])('%s with another %s is not believed', async (call, field) => {
    const device = await openKms(kms())
    const made = newSpec()
    if (call !== 'CreateCryptoKey') await device.generateKeyPair(made)
    kms().http.faults.add({
      kind: 'alter',
      call,
      times: 99,
      change: (reply) => {
        reply[field] = 'projects/other'
      },
    })
    const action = call === 'CreateCryptoKey' ? device.generateKeyPair(made) : device.findKey(made)
    await expect(action).rejects.toMatchObject({ code: 'device.protocol' })
  })

  it.each([
    ['another key', (name: string) => name.replace(/cryptoKeys\/[^/]+/, 'cryptoKeys/other')],
    ['the version that was there before', (name: string) => name.replace(/\d+$/, '1')],
    ['no version at all', () => '../../secret'],
  ])('a creation that is answered with %s makes no key of it', async (_what, other) => {
    const existing = await (await openKms(kms())).generateKeyPair(newSpec())
    const cryptoKey = existing.location.replace(/\/cryptoKeyVersions.*/, '')
    const wanted = newSpec()
    const open = () => openKms(kms(), { uri: `marvell-google:${cryptoKey}` })
    kms().http.faults.add({
      kind: 'alter',
      call: 'CreateCryptoKeyVersion',
      change: (reply) => {
        reply.name = other(String(reply.name))
      },
    })
    const device = await open()
    await expect(device.generateKeyPair(wanted)).rejects.toMatchObject({ code: 'device.protocol' })
    await device.close()
    const again = await open()
    const found = await again.findKey(wanted)
    await again.close()
    expect(versionsOf(cryptoKey)).toEqual([existing.location, found?.location])
  })

  it('a good signature of another key does not pass, whatever its checksum says', async () => {
    const device = await openKms(kms())
    const key = await device.generateKeyPair(newSpec())
    const other = await device.generateKeyPair(newSpec())
    const foreign = Buffer.from(await other.sign('SHA-256', Buffer.from('data')))
    const { crc32cText } = await import('../../devices/marvell-google/crc32c.ts')
    kms().http.faults.add({
      kind: 'alter',
      call: 'AsymmetricSign',
      change: (reply) => {
        reply.signature = foreign.toString('base64')
        reply.signatureCrc32c = crc32cText(foreign)
      },
    })
    await expect(key.sign('SHA-256', Buffer.from('data'))).rejects.toThrow(/does not verify/)
  })
})

it('renews the token, once, when Google has ended it in the middle of the run', async () => {
  const device = await openKms(kms())
  const key = await device.generateKeyPair(newSpec())
  kms().service.tokens.expireAll()
  kms().http.log.length = 0
  await key.sign('SHA-256', Buffer.from('data'))
  expect(kms().http.log).toEqual(['AsymmetricSign', 'Token', 'AsymmetricSign'])
})
