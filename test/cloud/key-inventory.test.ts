import { describe, expect, it } from 'vitest'
import { parseNameText } from '../../src/asn1/name.ts'
import { issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { openDsm, openKms } from './open-cloud-device.ts'
import { newSpec, withDsmForEach, withKms } from './with-double.ts'

const dsm = withDsmForEach()
const kms = withKms()

const issuer = testKeyPair('P-256')
const name = parseNameText('CN=Example Signing GmbH')
const validity = { notBefore: new Date('2026-01-01'), notAfter: new Date('2027-01-01') }
const certificateFor = (spki: Uint8Array): Uint8Array =>
  issueCertificate({ subject: name, issuer: name, spki, issuerKey: issuer.privateKey, ...validity })

describe('keys in DSM', () => {
  it('are listed by their UUID with name and public key, over more pages than one; other objects are not', async () => {
    const device = await openDsm(dsm())
    const made = [await device.generateKeyPair(newSpec()), await device.generateKeyPair(newSpec('RSA-3072'))]
    await device.storeCertificate(made[0] ?? never(), certificateFor(made[0]?.publicKey ?? new Uint8Array()))
    const listed = await device.listKeys()
    expect(new Map(listed.map(({ location, publicKey }) => [location, publicKey]))).toEqual(
      new Map(made.map(({ location, publicKey }) => [location, publicKey])),
    )
    const [first] = [...dsm().service.objects.values()]
    for (let i = 0; i < 1000; i++) {
      const kid = `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`
      dsm().service.objects.set(kid, { ...(first ?? never()), kid, shown: { ...first?.shown, kid, name: `k${i}` } })
    }
    expect(await device.listKeys()).toHaveLength(1002)
  })

  it('of no use for a run are listed all the same: imported, exportable, disabled', async () => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec())
    const object = dsm().service.objects.get(key.location) ?? never()
    const shown = { ...object.shown, origin: 'External', enabled: false, key_ops: ['SIGN', 'EXPORT'] }
    dsm().service.objects.set(key.location, { ...object, shown })
    expect(await device.listKeys()).toMatchObject([{ location: key.location, publicKey: key.publicKey }])
    await device.deleteKey(key.location, key.publicKey)
    expect(dsm().service.objects.size).toBe(0)
  })

  it('are deleted with their certificate, which is known by its key and not by its name alone', async () => {
    const device = await openDsm(dsm())
    const [key, other] = [await device.generateKeyPair(newSpec()), await device.generateKeyPair(newSpec())]
    await device.storeCertificate(key, certificateFor(key.publicKey))
    await expect(device.deleteKey(key.location, other.publicKey)).rejects.toMatchObject({ code: 'key.not-found' })
    expect(dsm().service.objects.size).toBe(3)
    await device.deleteKey(key.location, key.publicKey)
    expect([...dsm().service.objects.keys()]).toEqual([other.location])
    await device.storeCertificate(other, certificateFor(other.publicKey))
    const stored = [...dsm().service.objects.values()].find(({ value }) => value !== undefined) ?? never()
    const strange = Buffer.from(certificateFor(key.publicKey)).toString('base64')
    dsm().service.objects.set(stored.kid, { ...stored, value: strange })
    await device.deleteKey(other.location, other.publicKey)
    expect([...dsm().service.objects.keys()], "another key's certificate").toEqual([stored.kid])
    await expect(device.deleteKey(stored.kid)).rejects.toMatchObject({ code: 'key.not-found' })
  })

  it('behind a quorum policy are deleted when that is approved, and not before', async () => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec())
    dsm().service.quorum.add('DeleteSobject')
    const pending = await device.deleteKey(key.location, key.publicKey).catch((error: unknown) => error)
    expect(pending).toMatchObject({
      code: 'device.approval-pending',
      remedy: expect.stringContaining('delete the key'),
    })
    expect(dsm().service.keys).toHaveLength(1)
    dsm().service.approvals.approve(dsm().service.approvals.ids[0] ?? '')
    await device.deleteKey(key.location, key.publicKey)
    expect(dsm().service.keys).toHaveLength(0)
    expect(dsm().service.approvals.ids).toHaveLength(1)
  })

  it('are not deleted by an app that may not, nor where another KMS has them', async () => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec())
    dsm().service.permissions.delete('MANAGE')
    await expect(device.deleteKey(key.location)).rejects.toMatchObject({
      code: 'device.refused',
      remedy: expect.stringContaining('DELETE_SOBJECTS'),
    })
    dsm().service.permissions.add('MANAGE')
    const object = dsm().service.objects.get(key.location) ?? never()
    dsm().service.objects.set(key.location, { ...object, shown: { ...object.shown, virtual_key_info: {} } })
    await expect(device.deleteKey(key.location)).rejects.toMatchObject({ code: 'device.unsupported' })
    expect(dsm().service.keys).toHaveLength(1)
  })
})

describe('key versions in Cloud HSM', () => {
  it('are listed by their resource name; what has no private key left is not', async () => {
    const device = await openKms(kms())
    const key = await device.generateKeyPair(newSpec())
    kms().service.failures.push('out of entropy')
    await device.generateKeyPair(newSpec()).catch(() => undefined)
    const listed = await device.listKeys()
    expect(listed.find(({ location }) => location === key.location)?.publicKey).toEqual(key.publicKey)
    expect(listed).toHaveLength(kms().service.generated.length)
    const own = await openKms(kms(), { uri: `marvell-google:${key.location.replace(/\/cryptoKeyVersions.*/, '')}` })
    expect((await own.listKeys()).map(({ location }) => location)).toEqual([key.location])
    await own.close()
  })

  it('are scheduled for destruction, once, also where the reply is lost; the date is said', async () => {
    const said: string[] = []
    const device = await openKms(kms(), { onProgress: ({ message }) => said.push(message) })
    const [key, other] = [await device.generateKeyPair(newSpec()), await device.generateKeyPair(newSpec())]
    await expect(device.deleteKey(key.location, other.publicKey)).rejects.toMatchObject({ code: 'key.not-found' })
    kms().http.faults.add({ kind: 'drop', afterWork: true, call: 'DestroyCryptoKeyVersion', times: 1 })
    await device.deleteKey(key.location, key.publicKey)
    expect(said.join()).toMatch(/destroys .*cryptoKeyVersions\/1 on 20\d\d-/)
    expect(await device.findKey({ location: other.location })).toBeDefined()
    const gone = (await device.listKeys()).find(({ location }) => location === key.location)
    expect(gone?.publicKey).toBeUndefined()
    expect(gone?.unread).toMatch(/destroyed on 20\d\d-/)
    await expect(device.deleteKey(key.location)).rejects.toMatchObject({ code: 'key.not-found' })
  })

  it('of another ring, or key, than the one of the profile are not touched', async () => {
    const device = await openKms(kms())
    const [key, other] = [await device.generateKeyPair(newSpec()), await device.generateKeyPair(newSpec())]
    const elsewhere = key.location.replace(/keyRings\/[^/]+/, 'keyRings/other')
    await expect(device.deleteKey(elsewhere)).rejects.toMatchObject({ code: 'key.not-found' })
    const own = await openKms(kms(), { uri: `marvell-google:${key.location.replace(/\/cryptoKeyVersions.*/, '')}` })
    await expect(own.deleteKey(other.location)).rejects.toMatchObject({ code: 'key.not-found' })
    await own.close()
    for (const { location } of [key, other]) expect(await device.findKey({ location })).toBeDefined()
  })
})

function never(): never {
  throw new Error('is there')
}
