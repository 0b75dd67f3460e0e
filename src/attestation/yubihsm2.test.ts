import { describe, expect, it } from 'vitest'
import { testKeyPair } from '../sandbox/test-key-pair.ts'
import { createYubiHsm2EvidenceIssuer, yubiHsm2Package } from '../sandbox/yubihsm2-evidence/issuer.ts'
import { syntheticEvidence } from '../sandbox/yubihsm2-evidence/synthetic-evidence.ts'
import { builtInTrustAnchors } from '../trust-anchors/trust-anchors.ts'
import { yubihsm2 } from './yubihsm2.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')

describe('YubiHSM 2 evidence under test roots', () => {
  for (const { name, package: package_, trustAnchors, failedCheck, expect: expected } of syntheticEvidence()) {
    it(`${expected === 'refuse' ? 'refuses' : 'accepts'}: ${name}`, () => {
      const verdict = yubihsm2.verify(package_, { trustAnchors, now: NOW })
      const failed = verdict.checks.filter(({ status }) => status === 'fail')
      expect(verdict.genuine).toBe(expected !== 'refuse')
      expect(verdict.claims.extractable === true).toBe(expected === 'genuine-but-exportable')
      if (failedCheck !== undefined) expect(failed.map(({ id }) => id)).toContain(failedCheck)
      for (const failure of failed) expect(failure.remedy).toMatch(/\w/)
    })

    it(`never accepts under the built-in anchors: ${name}`, () => {
      const verdict = yubihsm2.verify(package_, { trustAnchors: builtInTrustAnchors('YUBIHSM2'), now: NOW })
      expect(verdict.genuine).toBe(false)
    })
  }
})

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
})
