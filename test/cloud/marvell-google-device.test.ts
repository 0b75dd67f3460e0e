import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { openKms } from './open-cloud-device.ts'
import { newSpec, withKms } from './with-double.ts'

const kms = withKms()
afterEach(() => {
  kms().service.pendingLooks = 1
  kms().service.failures.length = 0
})
const keyOf = (label: string) => kms().service.keys.get(`${kms().ring}/cryptoKeys/${label}`)

describe('a key in Cloud HSM', () => {
  it.each([
    ['P-256', 'SHA-256', 'sha256'],
    ['P-384', 'SHA-384', 'sha384'],
    ['RSA-3072', 'SHA-256', 'sha256'],
    ['RSA-4096', 'SHA-256', 'sha256'],
  ] as const)('%s is generated, signs with %s and is attested', async (algorithm, hash, nodeHash) => {
    const device = await openKms(kms())
    const key = await device.generateKeyPair(newSpec(algorithm))
    const data = Buffer.from('to be signed')
    const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
    expect(verify(nodeHash, data, publicKey, await key.sign(hash, data))).toBe(true)
    const attestation = await key.attest()
    expect(Buffer.from(attestation.package).subarray(0, 2).toString('hex')).toBe('1f8b')
    expect(
      Buffer.from(attestation.certChains ?? [])
        .toString()
        .match(/BEGIN CERTIFICATE/g),
    ).toHaveLength(4)
    await device.close()
  })

  it('is asked for at level HSM, for signing alone, and carries the id of the run', async () => {
    const device = await openKms(kms())
    const wanted = newSpec('RSA-3072')
    const key = await device.generateKeyPair(wanted)
    expect(key.location).toBe(`${kms().ring}/cryptoKeys/${wanted.label}/cryptoKeyVersions/1`)
    expect(keyOf(wanted.label)?.shown).toMatchObject({
      purpose: 'ASYMMETRIC_SIGN',
      versionTemplate: { protectionLevel: 'HSM', algorithm: 'RSA_SIGN_PKCS1_3072_SHA256' },
      labels: { 'hsm-enroll-id': Buffer.from(wanted.id).toString('hex') },
    })
  })

  it('in a ring is made by any number of runs; versions of one key by one run at a time', async () => {
    const [one, other] = [await openKms(kms()), await openKms(kms())]
    const cryptoKey = (await one.generateKeyPair(newSpec())).location.replace(/\/cryptoKeyVersions.*/, '')
    const open = () => openKms(kms(), { uri: `marvell-google:${cryptoKey}` })
    const first = await open()
    await expect(open()).rejects.toMatchObject({
      code: 'device.busy',
      vendorCode: 'lock',
      message: expect.stringContaining(cryptoKey),
    })
    for (const device of [one, other, first]) await device.close()
    await (await open()).close()
  })

  it('is waited for while it is generated, and not for ever', async () => {
    kms().service.pendingLooks = 5
    const waits: number[] = []
    const device = await openKms(kms(), { waits })
    await device.generateKeyPair(newSpec())
    expect(waits).toEqual([500, 1000, 2000, 4000, 4000])
    kms().service.pendingLooks = 1_000_000
    const impatient = await openKms(kms(), { settings: { generationWaitSeconds: '1' } })
    const slow = newSpec()
    await expect(impatient.generateKeyPair(slow)).rejects.toMatchObject({ code: 'device.busy', transient: true })
    for (const version of keyOf(slow.label)?.versions ?? []) version.pendingLooks = 0
    expect((await impatient.findKey(slow))?.location).toMatch(/cryptoKeyVersions\/1$/)
  })

  it('is found again by label and id, and by location, and not by another id', async () => {
    const device = await openKms(kms())
    const wanted = newSpec()
    const key = await device.generateKeyPair(wanted)
    expect((await device.findKey({ label: wanted.label, id: wanted.id }))?.location).toBe(key.location)
    expect((await device.findKey({ location: key.location }))?.publicKey).toEqual(key.publicKey)
    expect(await device.findKey({ label: wanted.label, id: randomBytes(16) })).toBeUndefined()
    expect(await device.findKey({ location: `${kms().ring}/cryptoKeys/none/cryptoKeyVersions/1` })).toBeUndefined()
  })

  it('is never made over another one of the same name', async () => {
    const device = await openKms(kms())
    const first = newSpec()
    await device.generateKeyPair(first)
    await expect(device.generateKeyPair({ ...first, id: randomBytes(16) })).rejects.toMatchObject({
      code: 'key.exists',
    })
    await expect(device.generateKeyPair(first)).rejects.toMatchObject({ code: 'key.exists' })
    expect(keyOf(first.label)?.versions).toHaveLength(1)
  })

  it('whose generation failed gets another version when the run is resumed', async () => {
    kms().service.failures.push('the HSM is out of order')
    const device = await openKms(kms())
    const wanted = newSpec()
    await expect(device.generateKeyPair(wanted)).rejects.toThrow(/the HSM is out of order/)
    expect(await device.findKey(wanted)).toBeUndefined()
    const key = await device.generateKeyPair(wanted)
    expect(key.location).toMatch(/cryptoKeyVersions\/2$/)
    expect((await device.findKey(wanted))?.location).toBe(key.location)
  })

  it('signs with the hash of its algorithm and with no other', async () => {
    const device = await openKms(kms())
    const key = await device.generateKeyPair(newSpec('P-384'))
    await expect(key.sign('SHA-256', Buffer.from('x'))).rejects.toMatchObject({ code: 'device.unsupported' })
  })
})
