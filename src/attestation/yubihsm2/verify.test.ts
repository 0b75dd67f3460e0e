import { describe, expect, it } from 'vitest'
import type { CertificateTemplate } from '../../sandbox/certificate-issuer.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { createYubiHsm2EvidenceIssuer, yubiHsm2Package } from '../../sandbox/yubihsm2/evidence/issuer.ts'
import { yubihsm2 } from './verify.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')

describe('YubiHSM 2 claims', () => {
  it('read the capabilities big-endian, by name', () => {
    const device = createYubiHsm2EvidenceIssuer({ serial: 20783176, firmware: '2.2.0' }, { keyType: 'P-256' })
    const leaf = device.attest({
      spki: testKeyPair('P-256').spki,
      objectId: 0x24,
      origin: 1,
      domains: 0x800c,
      // The octets 0000000400000660 of a real RSA key (vector gillstrom-20783176-rsa4096).
      capabilities: 0x0000000400000660n,
      label: 'Zoë',
    })
    const { claims, device: found } = yubihsm2.verify(yubiHsm2Package(leaf, device.deviceCertificate), {
      trustAnchors: device.trustAnchors,
      now: NOW,
    })
    expect(claims).toMatchObject({
      capabilities: ['sign-pkcs', 'sign-pss', 'decrypt-pkcs', 'decrypt-oaep', 'sign-attestation-certificate'],
      domains: ['3', '4', '16'],
      objectId: '0x0024',
      label: 'Zoë',
      local: true,
      extractable: false,
      neverExtractable: true,
    })
    expect(found).toMatchObject({ serial: '20783176', firmware: '2.2.0', fips: 'not-certified' })
  })

  describe('of a device of the FIPS series', () => {
    const device = createYubiHsm2EvidenceIssuer(
      { serial: 1, firmware: '2.4.1', fipsCertificate: 5 },
      { keyType: 'P-256' },
    )
    const attest = (fipsApproved?: number, alter?: (template: CertificateTemplate) => CertificateTemplate) =>
      yubihsm2.verify(
        yubiHsm2Package(
          device.attest({
            spki: testKeyPair('P-256').spki,
            objectId: 1,
            origin: 1,
            domains: 1,
            capabilities: 0x80n,
            label: '',
            ...(fipsApproved === undefined ? {} : { fipsApproved }),
            ...(alter === undefined ? {} : { alter }),
          }),
          device.deviceCertificate,
        ),
        { trustAnchors: device.trustAnchors, now: NOW },
      )

    it('say whether it was in FIPS-approved mode', () => {
      expect(attest(1)).toMatchObject({ genuine: true, claims: { fipsApproved: true }, device: { fips: 'certified' } })
      expect(attest(0)).toMatchObject({
        genuine: true,
        claims: { fipsApproved: false },
        device: { fips: 'not-certified' },
      })
    })

    it('do not speak of the mode where the firmware is older', () => {
      expect(attest().claims).not.toHaveProperty('fipsApproved')
      expect(attest().device.fips).toBe('certified')
    })

    it('approve nothing where the mode cannot be read', () => {
      const alter = (template: CertificateTemplate): CertificateTemplate => ({
        ...template,
        extensions: [...(template.extensions ?? []), { oid: '1.3.6.1.4.1.41482.4.12', value: Uint8Array.of(1, 1, 1) }],
      })
      expect(attest(undefined, alter).device.fips).toBe('not-certified')
    })
  })

  it.each([
    [0x02, '"imported"'],
    [0x11, '"generated, imported under wrap"'],
    [0x81, '"generated, unknown origin 0x80"'],
    [0x00, '"unknown origin 0x0"'],
  ])('name every flag of the origin %i, and refuse what is not "generated" alone', (origin, words) => {
    const device = createYubiHsm2EvidenceIssuer({ serial: 1, firmware: '2.4.0' }, { keyType: 'P-256' })
    const { spki } = testKeyPair('P-256')
    const leaf = device.attest({ spki, objectId: 1, origin, domains: 1, capabilities: 0x80n, label: '' })
    const verdict = yubihsm2.verify(yubiHsm2Package(leaf, device.deviceCertificate), {
      trustAnchors: device.trustAnchors,
      now: NOW,
    })
    expect(verdict.checks.find(({ id }) => id === 'attestation.origin')).toMatchObject({
      status: 'fail',
      detail: `the origin of the key is ${words}; it must be "generated" only`,
    })
  })

  it('are none where the device certificate is alone', () => {
    const device = createYubiHsm2EvidenceIssuer({ serial: 1, firmware: '2.4.0' }, { keyType: 'P-256' })
    const verdict = yubihsm2.verify(yubiHsm2Package(device.deviceCertificate), {
      trustAnchors: device.trustAnchors,
      now: NOW,
    })
    expect(verdict).toMatchObject({ genuine: false, claims: {} })
    expect(verdict).not.toHaveProperty('attestedKey')
    expect(verdict.checks.filter(({ status }) => status === 'fail')).toEqual([
      expect.objectContaining({ detail: 'there is only the device certificate; the attestation is missing' }),
    ])
  })
})
