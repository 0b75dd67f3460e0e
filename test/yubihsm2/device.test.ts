import { verify, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hasCertificateStore, hasKeyDeletion, hasKeyListing } from '../../devices/device.ts'
import { capabilities } from '../../devices/yubihsm2/capability.ts'
import { family } from '../../devices/yubihsm2/family.ts'
import { OBJECT_TYPES } from '../../devices/yubihsm2/object-type.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { yubihsm2 } from '../../src/attestation/yubihsm2/verify.ts'
import { startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { builtInTrustAnchors } from '../../src/trust-anchors/trust-anchors.ts'
import { Rig, spec } from './rig.ts'

const rig = new Rig()

describe('the whole way', () => {
  it.each(['RSA-2048', 'RSA-3072', 'P-256', 'P-384'] as const)(
    'makes, uses, attests and certifies a key of type %s in one session',
    async (algorithm) => {
      const device = await rig.open()
      const key = await device.generateKeyPair(spec(algorithm))
      expect(key.location).toMatch(/^0x[0-9a-f]{4}$/)
      expect(key.attributes).toEqual({
        local: true,
        sensitive: true,
        alwaysSensitive: true,
        extractable: false,
        neverExtractable: true,
      })
      const data = Buffer.from('to be signed')
      for (const hash of ['SHA-256', 'SHA-384', 'SHA-512'] as const) {
        const signature = await key.sign(hash, data)
        const publicKey = { key: Buffer.from(key.publicKey), format: 'der', type: 'spki' } as const
        expect(verify(hash.replace('-', ''), data, publicKey, signature)).toBe(true)
      }
      const { package: evidence, hsmType } = await key.attest()
      expect(hsmType).toBe('YUBIHSM2')
      const [leaf, deviceCertificate, more] = Buffer.from(evidence)
        .toString('latin1')
        .split(/(?<=END CERTIFICATE-----\n)/)
      expect(more).toBeUndefined()
      const attested = new X509Certificate(leaf ?? '')
      expect(attested.verify(new X509Certificate(deviceCertificate ?? '').publicKey)).toBe(true)
      expect(Buffer.from(key.publicKey).equals(attested.publicKey.export({ type: 'spki', format: 'der' }))).toBe(true)

      const verdict = yubihsm2.verify(evidence, { trustAnchors: rig.double.trustAnchors, now: Date.now() })
      expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([])
      expect(verdict).toMatchObject({ genuine: true, device: { serial: '39000240', firmware: '2.4.0' } })
      expect(Buffer.from(verdict.spki ?? []).equals(key.publicKey)).toBe(true)
      expect(
        yubihsm2.verify(evidence, { trustAnchors: builtInTrustAnchors('YUBIHSM2'), now: Date.now() }).genuine,
      ).toBe(false)

      if (!hasCertificateStore(device)) throw new Error('no certificate store')
      const certificate = new Uint8Array(new X509Certificate(deviceCertificate ?? '').raw)
      expect(await device.readCertificate(key)).toBeUndefined()
      await device.storeCertificate(key, certificate)
      await device.storeCertificate(key, certificate)
      expect(await device.readCertificate(key)).toEqual(certificate)
      expect(rig.double.device.sessions.open).toBe(1)
      await device.close()
      await device.close()
      expect(rig.double.device.sessions.open).toBe(0)
      expect(rig.count('create session')).toBe(1)
      expect(rig.asked.map(({ name }) => name)).toEqual(['password'])
    },
  )

  it('gives the new key the capability to sign and nothing else', async () => {
    const device = await rig.open({ domains: [2, 3], objectId: '0x1234' })
    await device.generateKeyPair(spec('RSA-2048'))
    const object = rig.double.device.store.find(OBJECT_TYPES['asymmetric-key'], 0x1234)
    expect(object?.capabilities).toBe(capabilities('sign-pkcs'))
    expect(object?.domains).toBe(0b110)
    await device.close()
  })

  it('adds the intermediates only where the settings say so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'yubihsm2-'))
    const file = join(folder, 'sub-ca.pem')
    writeFileSync(file, `a remark\r\n${writePem('CERTIFICATE', rig.double.device.issuer.subCa.certificate)}`)
    const device = await rig.open({ includeIntermediates: true, intermediatesFile: file })
    const { package: evidence } = await (await device.generateKeyPair(spec())).attest()
    expect(
      Buffer.from(evidence)
        .toString()
        .match(/BEGIN CERTIFICATE/g),
    ).toHaveLength(3)
    await device.close()
    rmSync(folder, { recursive: true })
  })
})

describe('never overwrites', () => {
  it('refuses a label that is taken, and an object id that is taken', async () => {
    const device = await rig.open({ objectId: '0x0042' })
    await device.generateKeyPair(spec())
    await expect(device.generateKeyPair(spec())).rejects.toMatchObject({ code: 'key.exists' })
    await expect(device.generateKeyPair(spec('P-256', 'another run'))).rejects.toMatchObject({ code: 'key.exists' })
    expect(rig.asymmetricKeys()).toBe(1)
    await device.close()
  })

  it('deletes nothing to make room, also where the key in the configured place was named', async () => {
    const device = await rig.open({ objectId: '0x0042' })
    const old = await device.generateKeyPair(spec())
    const replacing = { ...spec('P-384', 'another run'), replaceKey: old.location }
    await expect(device.generateKeyPair(replacing)).rejects.toMatchObject({ code: 'key.exists' })
    expect((await device.findKey({ location: old.location }))?.publicKey).toEqual(old.publicKey)
    await device.close()
  })

  it('lists keys, and deletes exactly the one that is named, with its certificate', async () => {
    const device = await rig.open()
    if (!hasKeyListing(device) || !hasKeyDeletion(device) || !hasCertificateStore(device)) throw new Error('unable')
    const old = await device.generateKeyPair(spec())
    const other = await device.generateKeyPair(spec('P-256', 'another'))
    const { deviceCertificate } = rig.double.device.issuer
    await device.storeCertificate(old, deviceCertificate)
    await device.storeCertificate(other, deviceCertificate)
    // The locations are random, and the list is in their order.
    const listed = [...(await device.listKeys())].sort((a) => (a.location === old.location ? -1 : 1))
    expect(listed).toEqual([
      { location: old.location, label: spec().label, publicKey: old.publicKey },
      { location: other.location, label: 'another', publicKey: other.publicKey },
    ])
    for (const [location, key] of [
      [old.location, other.publicKey],
      ['0x0f0f', undefined],
      ['label=x', undefined],
    ] as const)
      await expect(device.deleteKey(location, key)).rejects.toMatchObject({ code: 'key.not-found' })
    await device.deleteKey(old.location, old.publicKey)
    expect((await device.listKeys()).map(({ location }) => location)).toEqual([other.location])
    expect(await device.readCertificate(other)).toBeDefined()
    expect(rig.double.device.store.list().filter(({ type, id }) => type === 1 && id !== 0)).toHaveLength(1)
    await device.close()
  })

  it('keeps another certificate unless told to replace it', async () => {
    const device = await rig.open()
    if (!hasCertificateStore(device)) throw new Error('no certificate store')
    const key = await device.generateKeyPair(spec())
    const { deviceCertificate, subCa } = rig.double.device.issuer
    await device.storeCertificate(key, deviceCertificate)
    await expect(device.storeCertificate(key, subCa.certificate)).rejects.toMatchObject({ code: 'certificate.exists' })
    expect(await device.readCertificate(key)).toEqual(new Uint8Array(deviceCertificate))
    await device.storeCertificate(key, subCa.certificate, { replace: true })
    expect(await device.readCertificate(key)).toEqual(new Uint8Array(subCa.certificate))
    rig.double.device.faults.plan({ kind: 'error', code: 0x07 }, { command: 'put opaque' })
    await expect(device.storeCertificate(key, deviceCertificate, { replace: true })).rejects.toMatchObject({
      code: 'device.storage-full',
    })
    expect(await device.readCertificate(key)).toEqual(new Uint8Array(subCa.certificate))
    await device.close()
  })
})

describe('finds keys again', () => {
  it('by label, by location, by both where they agree', async () => {
    const device = await rig.open()
    const key = await device.generateKeyPair(spec())
    const { location } = key
    for (const ref of [{ label: 'hsm-enroll 4f1c' }, { location }, { label: 'hsm-enroll 4f1c', location }]) {
      expect((await device.findKey(ref))?.publicKey).toEqual(key.publicKey)
    }
    expect(await device.findKey({ label: 'no such run' })).toBeUndefined()
    expect(await device.findKey({ location: '0x0001' })).toBeUndefined()
    expect(await device.findKey({ label: 'no such run', location })).toBeUndefined()
    await expect(device.findKey({ id: new Uint8Array(16) })).rejects.toMatchObject({ code: 'device.unsupported' })
    await expect(device.findKey({ location: 'slot 9c' })).rejects.toMatchObject({ code: 'device.settings' })
    await device.close()
  })
})

describe('describe and discover', () => {
  it('tells serial, firmware and what the authentication key lacks', async () => {
    rig.double.device.store.add({
      ...rig.factoryKey(),
      id: 5,
      label: Buffer.alloc(40, 0x61),
      capabilities: capabilities('generate-asymmetric-key', 'sign-ecdsa'),
      delegated: capabilities('sign-ecdsa'),
    })
    const device = await rig.open({}, undefined, rig.double.uri.replace('auth-key=1', 'auth-key=5'))
    const description = await device.describe()
    expect(description).toMatchObject({
      serial: '39000240',
      firmware: '2.4.0',
      fips: 'unknown',
      uri: rig.double.uri.replace('auth-key=1', 'auth-key=5'),
    })
    expect(description.obstacles.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      'blocker yubihsm2.capability.sign-attestation-certificate',
      'blocker yubihsm2.capability.get-opaque',
      'warning yubihsm2.capability.put-opaque',
    ])
    expect(description.capabilities.filter(({ supported }) => supported).map(({ algorithm }) => algorithm)).toEqual([
      'P-256',
      'P-384',
    ])
    await device.close()
  })

  it('asks for no login, and says where it looked when nothing is there', async () => {
    const found = await family.discover({ settings: { connector: rig.double.connectorUrl } })
    expect(found.devices).toMatchObject([
      { hsmType: 'YUBIHSM2', serial: '39000240', firmware: '2.4.0', uri: rig.double.uri },
    ])
    expect(rig.double.device.faults.commands).toEqual(['device info'])
    const nothing = await family.discover({ settings: { connector: 'http://127.0.0.1:1' } })
    expect(nothing.devices).toEqual([])
    expect(nothing.trail[0]).toContain('http://127.0.0.1:1')
  })

  it('refuses another device than the one that the URI names', async () => {
    await expect(rig.open({}, undefined, rig.double.uri.replace('39000240', '1'))).rejects.toMatchObject({
      code: 'device.not-found',
    })
    expect(rig.asked).toEqual([])
  })

  it('tells FIPS from the device certificate', async () => {
    const plain = await rig.open()
    expect(await plain.describe()).toMatchObject({ fips: 'not-certified' })
    await plain.close()
    const fips = await startYubiHsm2Double({ personality: '2.2-fips' })
    const device = await rig.open({}, undefined, fips.uri)
    expect(await device.describe()).toMatchObject({ fips: 'certified', firmware: '2.2.0' })
    await device.close()
    await fips.close()
  })
})
