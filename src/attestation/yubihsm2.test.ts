import { describe, expect, it } from 'vitest'
import { testKeyPair } from '../sandbox/test-key-pair.ts'
import { createYubiHsm2EvidenceIssuer, yubiHsm2Package } from '../sandbox/yubihsm2-evidence/issuer.ts'
import { yubihsm2 } from './yubihsm2.ts'

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
})
