import { createPublicKey, randomUUID, verify, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { parseNameText } from '../../src/asn1/name.ts'
import { issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { openDsm } from './open-cloud-device.ts'
import { newSpec, withDsmForEach } from './with-double.ts'

const dsm = withDsmForEach()

describe('a quorum policy', () => {
  it('stops a signature with the number of the approval request, and takes the same one up again', async () => {
    const device = await openDsm(dsm())
    const wanted = newSpec()
    const key = await device.generateKeyPair(wanted)
    dsm().service.quorum.add('Sign')
    const data = Buffer.from('to be signed')
    const error = await key.sign('SHA-256', data).catch((thrown: unknown) => thrown)
    const [id] = dsm().service.approvals.ids
    expect(error).toMatchObject({ code: 'device.approval-pending', message: expect.stringContaining(id ?? 'none') })

    const resumed = await openDsm(dsm())
    const again = await resumed.findKey(wanted)
    await expect(again?.sign('SHA-256', data)).rejects.toMatchObject({ code: 'device.approval-pending' })
    expect(dsm().service.approvals.ids).toEqual([id])

    dsm().service.approvals.approve(id ?? '')
    const signature = await again?.sign('SHA-256', data)
    const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
    expect(verify('sha256', data, publicKey, signature ?? Buffer.alloc(0))).toBe(true)
    expect(dsm().service.approvals.ids).toEqual([id])
  })

  it('over the creation of keys makes one key when it is approved', async () => {
    dsm().service.quorum.add('CreateSobject')
    const device = await openDsm(dsm())
    const wanted = newSpec()
    await expect(device.generateKeyPair(wanted)).rejects.toMatchObject({ code: 'device.approval-pending' })
    await expect(device.generateKeyPair(wanted)).rejects.toMatchObject({ code: 'device.approval-pending' })
    expect(dsm().service.approvals.ids).toHaveLength(1)
    dsm().service.approvals.approve(dsm().service.approvals.ids[0] ?? '')
    const key = await device.generateKeyPair(wanted)
    expect(dsm().service.keys.map(({ kid }) => kid)).toEqual([key.location])
    expect((await device.findKey(wanted))?.location).toBe(key.location)
  })

  it('finds the key of an approved creation whose result was lost', async () => {
    dsm().service.quorum.add('CreateSobject')
    const device = await openDsm(dsm())
    const wanted = newSpec()
    await expect(device.generateKeyPair(wanted)).rejects.toMatchObject({ code: 'device.approval-pending' })
    dsm().service.approvals.approve(dsm().service.approvals.ids[0] ?? '')
    dsm().http.faults.add({ kind: 'drop', afterWork: true, call: 'GetApprovalRequestResult', times: 99 })
    await expect(device.generateKeyPair(wanted)).rejects.toMatchObject({ code: 'device.unreachable' })
    dsm().http.faults.clear()
    const key = await device.findKey(wanted)
    expect(dsm().service.keys.map(({ kid }) => kid)).toEqual([key?.location])
  })

  it('may be waited for', async () => {
    const device = await openDsm(dsm(), { settings: { approvalWaitSeconds: '20' } })
    const key = await device.generateKeyPair(newSpec())
    dsm().service.quorum.add('Sign')
    const signing = key.sign('SHA-256', Buffer.from('data'))
    while (dsm().service.approvals.ids.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    dsm().service.approvals.approve(dsm().service.approvals.ids[0] ?? '')
    expect((await signing).length).toBeGreaterThan(60)
  })

  it('that says no ends the run, and a later one asks anew', async () => {
    const device = await openDsm(dsm(), { settings: { approvalWaitSeconds: '20' } })
    const key = await device.generateKeyPair(newSpec())
    dsm().service.quorum.add('Sign')
    const signing = key.sign('SHA-256', Buffer.from('data')).catch((thrown: unknown) => thrown)
    while (dsm().service.approvals.ids.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    dsm().service.approvals.deny(dsm().service.approvals.ids[0] ?? '', 'not before\nthe audit')
    expect(await signing).toMatchObject({
      code: 'device.refused',
      message: expect.stringContaining('DENIED "not before the audit"'),
    })
    const patient = await openDsm(dsm())
    await expect(
      (await patient.findKey({ location: key.location }))?.sign('SHA-256', Buffer.from('data')),
    ).rejects.toMatchObject({
      code: 'device.approval-pending',
    })
    expect(dsm().service.approvals.ids).toHaveLength(2)
  })
})

describe('an answer that is no answer of DSM', () => {
  const hostile = `\u001b[31m\n${'x'.repeat(5000)}`

  it.each([
    ['the id of a key', 'CreateSobject', 'kid'],
    ['the id of a key that is looked for', 'GetSobject', 'kid'],
    ['the id of an approval request', 'CreateApprovalRequest', 'request_id'],
  ])('is not repeated: %s', async (_what, call, field) => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec())
    dsm().service.quorum.add('Sign')
    dsm().http.faults.add({
      kind: 'alter',
      call,
      times: 9,
      change: (reply) => Object.assign(reply, { [field]: hostile }),
    })
    const action =
      call === 'CreateSobject'
        ? device.generateKeyPair(newSpec())
        : call === 'GetSobject'
          ? device.findKey({ location: key.location })
          : key.sign('SHA-256', Buffer.from('data'))
    const error: unknown = await action.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'device.protocol', message: expect.stringMatching(/^[\x20-\x7e]{1,200}$/) })
  })

  it('makes no mess of the description', async () => {
    dsm().http.faults.add({
      kind: 'alter',
      call: 'Version',
      change: (reply) => Object.assign(reply, { version: hostile, api_version: hostile, server_mode: hostile }),
    })
    const description = await (await openDsm(dsm())).describe()
    const { firmware, details, obstacles } = description
    const shown = [firmware, ...Object.values(details ?? {}), ...obstacles.map(({ message }) => message)]
    for (const text of shown) expect(text).toMatch(/^[\x20-\x7e]{1,200}$/)
  })
})

describe('a key that is not fit', () => {
  it.each([
    ['was imported', { origin: 'External' }, 'key.not-attestable'],
    ['was transient', { origin: 'Transient' }, 'key.not-attestable'],
    ['lives in another KMS', { external: { hsm_group_id: randomUUID() } }, 'key.not-attestable'],
    ['is virtual', { virtual_key_info: {} }, 'key.not-attestable'],
    ['may be exported', { key_ops: ['SIGN', 'EXPORT'] }, 'key.exportable'],
    ['could once be exported', { never_exportable: false }, 'key.exportable'],
    ['may not sign', { key_ops: ['VERIFY'] }, 'key.wrong-type'],
    ['has no private half', { public_only: true }, 'key.wrong-type'],
    ['is of another kind', { obj_type: 'AES' }, 'key.wrong-type'],
    ['is disabled', { enabled: false }, 'device.refused'],
    ['is deactivated', { state: 'Deactivated' }, 'device.refused'],
  ] as const)('because it %s is refused with %s', async (_why, change, code) => {
    const device = await openDsm(dsm())
    const wanted = newSpec()
    await device.generateKeyPair(wanted)
    dsm().http.faults.add({ kind: 'alter', call: 'GetSobject', change: (reply) => Object.assign(reply, change) })
    await expect(device.findKey(wanted)).rejects.toMatchObject({ code })
  })

  it('a creation that comes back exportable is refused too', async () => {
    dsm().http.faults.add({
      kind: 'alter',
      call: 'CreateSobject',
      change: (reply) => Object.assign(reply, { key_ops: ['SIGN', 'EXPORT'], never_exportable: false }),
    })
    const device = await openDsm(dsm())
    await expect(device.generateKeyPair(newSpec())).rejects.toMatchObject({ code: 'key.exportable' })
  })

  it('a creation that comes back with another kind of key is refused', async () => {
    const pub_key = Buffer.from(testKeyPair('P-384').spki).toString('base64')
    dsm().http.faults.add({
      kind: 'alter',
      call: 'CreateSobject',
      change: (reply) => Object.assign(reply, { pub_key }),
    })
    const device = await openDsm(dsm())
    await expect(device.generateKeyPair(newSpec())).rejects.toMatchObject({ code: 'device.protocol' })
  })

  it('RSA keys sign with PKCS#1 v1.5 whatever the policy of the group says', async () => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair({ ...newSpec(), algorithm: 'RSA-2048' })
    const publicKey = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
    expect(verify('sha256', Buffer.from('x'), publicKey, await key.sign('SHA-256', Buffer.from('x')))).toBe(true)
  })

  it('an attestation of another key is not taken', async () => {
    const device = await openDsm(dsm())
    const [one, other] = [await device.generateKeyPair(newSpec()), await device.generateKeyPair(newSpec())]
    const foreign = JSON.parse(Buffer.from((await other.attest()).package).toString())
    dsm().http.faults.add({ kind: 'alter', call: 'KeyAttestation', change: (reply) => Object.assign(reply, foreign) })
    await expect(one.attest()).rejects.toThrow(/for another key/)
  })

  it('a cluster without attestation is named as such', async () => {
    dsm().service.attestationOffered = false
    const key = await (await openDsm(dsm())).generateKeyPair(newSpec())
    await expect(key.attest()).rejects.toMatchObject({ code: 'key.not-attestable' })
  })
})

describe('the description', () => {
  it('tells version, FIPS level and mode of the server', async () => {
    const description = await (await openDsm(dsm())).describe()
    expect(description).toMatchObject({ firmware: '4.38.2502', fips: 'certified', uri: dsm().uri })
    expect(description.details).toMatchObject({ 'FIPS level (as the server says)': '3', 'server mode': 'Sgx' })
    expect(description.obstacles.filter(({ severity }) => severity === 'blocker')).toEqual([])
  })

  it('names a software server, a missing FIPS mode and each missing permission', async () => {
    dsm().service.serverMode = 'Software'
    dsm().service.fipsLevel = undefined
    dsm().service.permissions.clear()
    const { fips, obstacles } = await (await openDsm(dsm())).describe()
    const blockers = obstacles.filter(({ severity }) => severity === 'blocker').map(({ message }) => message)
    expect(fips).toBe('not-certified')
    expect(blockers).toHaveLength(3)
    expect(blockers.join()).toMatch(/Software.*CREATE_SOBJECTS.*SIGN/)
  })

  it('looks into the default group where the profile names none', async () => {
    dsm().service.permissions.delete('SIGN')
    const { obstacles } = await (await openDsm(dsm(), { uri: `fortanix:endpoint=${dsm().endpoint}` })).describe()
    const blockers = obstacles.filter(({ severity }) => severity === 'blocker').map(({ message }) => message)
    expect(blockers).toEqual([expect.stringContaining(`permission SIGN in the group ${dsm().service.group}`)])
  })

  it('names a group that the app is no member of', async () => {
    const group = randomUUID()
    const { obstacles } = await (
      await openDsm(dsm(), { uri: `fortanix:endpoint=${dsm().endpoint};group=${group}` })
    ).describe()
    const blockers = obstacles.filter(({ severity }) => severity === 'blocker').map(({ message }) => message)
    expect(blockers).toEqual([`The app is not a member of the group ${group}.`])
  })

  it('holds nothing against an app whose permissions are not told', async () => {
    dsm().http.faults.add({
      kind: 'alter',
      call: 'GetApp',
      change: (reply) => Object.assign(reply, { groups: [dsm().service.group] }),
    })
    const { obstacles } = await (await openDsm(dsm())).describe()
    expect(obstacles.filter(({ severity }) => severity === 'blocker')).toEqual([])
  })

  it('shows a wrong API key as an obstacle', async () => {
    const key = Buffer.from(`${randomUUID()}:wrong`).toString('base64')
    const { obstacles } = await (await openDsm(dsm(), { secrets: { 'api-key': key } })).describe()
    expect(obstacles).toContainEqual(expect.objectContaining({ severity: 'blocker', code: 'credential.refused' }))
  })

  it('a permission that is missing is named when it is needed', async () => {
    dsm().service.permissions.delete('CREATE_SOBJECTS')
    const device = await openDsm(dsm())
    await expect(device.generateKeyPair(newSpec())).rejects.toMatchObject({
      code: 'device.refused',
      remedy: expect.stringContaining('CREATE_SOBJECTS'),
    })
  })
})

describe('the issued certificate', () => {
  const certificateFor = (spki: Uint8Array): Uint8Array => {
    const issuer = testKeyPair('P-256')
    const name = parseNameText('CN=Example')
    const validity = { notBefore: new Date('2026-11-01'), notAfter: new Date('2027-11-01') }
    return issueCertificate({ subject: name, issuer: name, spki, issuerKey: issuer.privateKey, ...validity })
  }

  it('is kept beside its key, once, and replaced when asked', async () => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec())
    const certificate = certificateFor(key.publicKey)
    expect(await device.readCertificate(key)).toBeUndefined()
    await device.storeCertificate(key, certificate)
    await device.storeCertificate(key, certificate)
    expect(Buffer.from((await device.readCertificate(key)) ?? [])).toEqual(Buffer.from(certificate))
    const renewed = certificateFor(key.publicKey)
    await expect(device.storeCertificate(key, renewed)).rejects.toMatchObject({ code: 'certificate.exists' })
    await device.storeCertificate(key, renewed, { replace: true })
    const read = (await device.readCertificate(key)) ?? new Uint8Array()
    expect(new X509Certificate(read).serialNumber).toBe(new X509Certificate(renewed).serialNumber)
    expect(dsm().service.keys).toHaveLength(1)
  })

  it('of another key is refused', async () => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec())
    const foreign = certificateFor(testKeyPair('P-256').spki)
    await expect(device.storeCertificate(key, foreign)).rejects.toMatchObject({ code: 'key.wrong-type' })
  })

  it('whose import got no reply is found to be there', async () => {
    const device = await openDsm(dsm())
    const key = await device.generateKeyPair(newSpec())
    dsm().http.faults.add({ kind: 'drop', afterWork: true, call: 'ImportSobject' })
    await device.storeCertificate(key, certificateFor(key.publicKey))
    expect(dsm().http.log.filter((call) => call === 'ImportSobject')).toHaveLength(1)
  })
})
