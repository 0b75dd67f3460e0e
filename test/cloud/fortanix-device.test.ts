import { createPublicKey, randomBytes, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openDsm } from './open-cloud-device.ts'
import { newSpec, withDsm } from './with-double.ts'

const dsm = withDsm()

describe('a key in DSM', () => {
  it.each([
    ['P-256', 'SHA-256', 'sha256'],
    ['P-384', 'SHA-384', 'sha384'],
    ['RSA-3072', 'SHA-256', 'sha256'],
    ['RSA-4096', 'SHA-512', 'sha512'],
  ] as const)('%s is generated, signs with %s and is attested', async (algorithm, hash, nodeHash) => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec(algorithm))
    const data = Buffer.from('to be signed')
    const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
    expect(verify(nodeHash, data, publicKey, await key.sign(hash, data))).toBe(true)
    const attestation = await key.attest()
    expect(JSON.parse(Buffer.from(attestation.package).toString())).toHaveProperty('attestation_statement.format')
    await device.close()
  })

  it('may sign and verify and nothing else, and can never be exported', async () => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec())
    const made = dsm().service.objects.get(key.location)
    expect(made?.shown).toMatchObject({ key_ops: ['SIGN', 'VERIFY', 'APPMANAGEABLE'], never_exportable: true })
    expect(key.attributes).toEqual({ local: true, extractable: false, neverExtractable: true })
  })

  it('is found again by label and id, and by location, and not by another id', async () => {
    const device = await openDsm(dsm())
    const wanted = newSpec()
    const key = await device.generateKeyPair(wanted)
    expect((await device.findKey({ label: wanted.label, id: wanted.id }))?.location).toBe(key.location)
    expect((await device.findKey({ location: key.location }))?.publicKey).toEqual(key.publicKey)
    expect(await device.findKey({ label: wanted.label, id: randomBytes(16) })).toBeUndefined()
    expect(await device.findKey({ label: 'no such key' })).toBeUndefined()
  })

  it('is never made over another one of the same name', async () => {
    const device = await openDsm(dsm())
    const first = newSpec()
    await device.generateKeyPair(first)
    const before = dsm().service.keys.length
    await expect(device.generateKeyPair({ ...first, id: randomBytes(16) })).rejects.toMatchObject({
      code: 'key.exists',
    })
    expect(dsm().service.keys).toHaveLength(before)
  })
})
