import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import { issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { startDsmDouble } from '../../src/sandbox/fortanix/double.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { openDsm } from './open-cloud-device.ts'
import { newSpec, withDirectory, withDsmForEach, withIssuer } from './with-double.ts'

const directory = withDirectory()
const issuer = withIssuer()
const dsm = withDsmForEach(directory, issuer)

describe('logging in', () => {
  it('with a JWT of an outside issuer, as the password of the app', async () => {
    const token = `${randomBytes(8).toString('base64url')}.${randomBytes(20).toString('base64url')}.signature`
    dsm().service.sessions.acceptedJwt = token
    const device = await openDsm(dsm(), {
      settings: { authentication: 'external-token', appId: dsm().service.sessions.appId },
      secrets: { token },
    })
    await device.generateKeyPair(newSpec())
  })

  it('with the token of a session that is open already, which is not ended', async () => {
    const first = await openDsm(dsm())
    await first.findKey({ label: 'x' })
    const token = dsm().service.sessions.logIn({
      name: '',
      params: {},
      query: {},
      body: {},
      authorization: `Basic ${dsm().service.sessions.apiKey}`,
    })
    const device = await openDsm(dsm(), {
      settings: { authentication: 'external-token' },
      secrets: { token: token ?? '' },
    })
    const key = await device.generateKeyPair(newSpec())
    await device.close()
    expect(dsm().service.sessions.open).toBe(2)
    dsm().service.sessions.expireAll()
    const late = await openDsm(dsm(), {
      settings: { authentication: 'external-token' },
      secrets: { token: token ?? '' },
    })
    await expect(late.findKey({ location: key.location })).rejects.toMatchObject({ code: 'credential.refused' })
  })

  it('with a client certificate', async () => {
    const identity = loopbackTlsIdentity()
    const caFile = join(directory(), 'ca.pem')
    await writeFile(caFile, identity.caCertificatePem)
    const client = testKeyPair('P-256')
    const name = parseNameText('CN=enrolment app')
    const certificate = issueCertificate({
      subject: name,
      issuer: name,
      spki: client.spki,
      issuerKey: client.privateKey,
      notBefore: new Date(Date.now() - 3600_000),
      notAfter: new Date(Date.now() + 3600_000),
    })
    const clientCertificateFile = join(directory(), 'app.pem')
    await writeFile(clientCertificateFile, writePem('CERTIFICATE', certificate))
    const tls = { key: identity.key, cert: identity.certificate, requestCert: true, rejectUnauthorized: false }
    const secure = await startDsmDouble({ directory: directory(), tls, issuer: issuer() })
    secure.service.sessions.acceptedCertificate = certificate
    const { appId } = secure.service.sessions
    const settings = { authentication: 'certificate', appId, clientCertificateFile, caFile }
    const key = client.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const device = await openDsm(secure, { settings, secrets: { 'client-certificate-key': key } })
    await device.generateKeyPair(newSpec())
    await device.close()
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
    const wrong = openDsm(secure, { settings, secrets: { 'client-certificate-key': other.toString() } })
    await expect(wrong).rejects.toMatchObject({
      code: 'device.settings',
      message: expect.stringMatching(/another cert/),
    })
    await secure.close()
  })

  it.each([
    ['no API key', undefined],
    ['a text that no DSM shows', 'not base64!'],
  ])('%s: nothing is sent', async (_name, key) => {
    const secrets = { 'api-key': key ?? '' }
    const opening = key === undefined ? openDsm({ ...dsm(), secrets: {} }) : openDsm(dsm(), { secrets })
    await expect(opening).rejects.toMatchObject({ code: key === undefined ? 'credential.refused' : 'pin.malformed' })
    expect(dsm().http.log).toEqual([])
  })

  it('ends its session when it is closed, twice over', async () => {
    const device = await openDsm(dsm())
    await device.findKey({ label: 'x' })
    expect(dsm().service.sessions.open).toBe(1)
    await device.close()
    await device.close()
    expect(dsm().service.sessions.open).toBe(0)
  })
})
