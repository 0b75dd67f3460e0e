/** Yubico's newer root signs one intermediate per application: what another application's says must not count, though the root is the same. */
import { describe, expect, it } from 'vitest'
import { parseNameText } from '../../asn1/name.ts'
import type { HsmType } from '../../hsm-type.ts'
import { basicConstraints, issueCertificate } from '../../sandbox/certificate-issuer.ts'
import { testTrustAnchor } from '../../sandbox/synthetic-evidence.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { createYubiHsm2EvidenceIssuer, yubiHsm2Package } from '../../sandbox/yubihsm2/evidence/issuer.ts'
import {
  createYubikeyEvidenceIssuer,
  createYubikeyTestRoot,
  yubikeyPackage,
} from '../../sandbox/yubikey/evidence/issuer.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import type { FamilyVerdict } from '../contract/verify-attestation.ts'
import { yubihsm2 } from '../yubihsm2/verify.ts'
import { yubikey } from '../yubikey/verify.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const VALIDITY = { notBefore: new Date('2024-12-01'), notAfter: new Date('2099-12-31') }
const KEY = 'P-256'

const root = createYubikeyTestRoot(KEY, 'Attestation Root of a test')

function authority(commonName: string, issuer: Pick<typeof root, 'subject' | 'key'> = root) {
  const key = testKeyPair(KEY)
  const subject = parseNameText(`CN=${commonName}`)
  const certificate = issueCertificate({
    subject,
    issuer: issuer.subject,
    issuerKey: issuer.key.privateKey,
    spki: key.spki,
    ...VALIDITY,
    extensions: [basicConstraints(true, 1)],
  })
  return { subject, key, certificate }
}

/** As the built-in ones stand: the root for both families, an intermediate for its own. */
const builtIn = (certificate: Uint8Array, hsmTypes: readonly HsmType[], role: TrustAnchor['role']): TrustAnchor => ({
  ...testTrustAnchor(certificate, hsmTypes, role),
  origin: 'built-in',
})

const piv = authority('Yubico PIV Attestation B 1')
const hsm = authority('YubiHSM Attestation B2 1')
const fido = authority('Yubico FIDO Attestation B 1')
const newPiv = authority('Yubico PIV Attestation C 1')
const newHsm = authority('YubiHSM Attestation C 1')
const trustAnchors = [
  builtIn(root.certificate, ['YUBIKEY', 'YUBIHSM2'], 'root'),
  builtIn(piv.certificate, ['YUBIKEY'], 'intermediate'),
  builtIn(hsm.certificate, ['YUBIHSM2'], 'intermediate'),
]

const failure = ({ checks }: FamilyVerdict) => checks.find(({ status }) => status === 'fail')

describe('a YubiKey of the newer hierarchy', () => {
  const attested = (by: ReturnType<typeof authority>, ...above: readonly Uint8Array[]): FamilyVerdict => {
    const device = createYubikeyEvidenceIssuer(
      { serial: 33064031, firmware: '5.7.4', formFactor: 3 },
      { keyType: KEY, root: by },
    )
    const leaf = device.attest({ spki: testKeyPair(KEY).spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
    return yubikey.verify(yubikeyPackage(leaf, device.f9Certificate, ...above), { trustAnchors, now: NOW })
  }

  it('is genuine under the PIV intermediate, which it does not carry', () => {
    expect(attested(piv)).toMatchObject({ genuine: true, trustAnchor: { name: expect.stringContaining('PIV') } })
    expect(attested(piv, piv.certificate, root.certificate).genuine).toBe(true)
  })

  it.each([
    ['FIDO', fido, /another application \(FIDO, OpenPGP or Security Domain\)/],
    ['YubiHSM', hsm, /those of a YubiHSM 2/],
    ['a PIV intermediate of later days', newPiv, /an unknown Yubico PIV intermediate/],
  ])('is refused under %s, with and without that certificate, and says why', (_name, by, why) => {
    for (const above of [[], [by.certificate], [by.certificate, root.certificate]]) {
      const verdict = attested(by, ...above)
      expect(verdict.genuine).toBe(false)
      expect(verdict).not.toHaveProperty('trustAnchor')
      expect(failure(verdict)).toMatchObject({ id: 'attestation.chain', detail: expect.stringMatching(why) })
    }
  })

  it('is not attested by the intermediate itself in the place of F9', () => {
    const leaf = issueCertificate({
      subject: parseNameText('CN=YubiKey PIV Attestation 9c'),
      issuer: piv.subject,
      issuerKey: piv.key.privateKey,
      spki: testKeyPair(KEY).spki,
      ...VALIDITY,
    })
    const verdict = yubikey.verify(yubikeyPackage(leaf, piv.certificate), { trustAnchors, now: NOW })
    expect(verdict.genuine).toBe(false)
    expect(verdict.checks).toContainEqual(expect.objectContaining({ id: 'attestation.f9', status: 'fail' }))
  })

  it('is told that a CA certificate stands in the place of F9, not that it is none of Yubico', () => {
    const above = authority('Yubico PIV Attestation B 1', authority('Yubico Attestation Intermediate B 1'))
    const device = createYubikeyEvidenceIssuer({ firmware: '5.7.4' }, { keyType: KEY, root: above })
    const leaf = device.attest({ spki: testKeyPair(KEY).spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
    const { checks } = yubikey.verify(yubikeyPackage(leaf, above.certificate), { trustAnchors, now: NOW })
    expect(checks.find(({ id }) => id === 'attestation.chain')).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('a CA certificate is in the place of the slot F9 certificate'),
      remedy: expect.stringContaining('Put it second'),
    })
  })
})

describe('a YubiHSM 2 of the newer hierarchy', () => {
  const attested = (by: ReturnType<typeof authority>, ...above: readonly Uint8Array[]): FamilyVerdict => {
    const made = createYubiHsm2EvidenceIssuer({ serial: 40000000, firmware: '2.5.0' }, { keyType: KEY })
    const subject = parseNameText('CN=YubiHSM Attestation (40000000)')
    const device = issueCertificate({
      subject,
      issuer: by.subject,
      issuerKey: by.key.privateKey,
      spki: made.deviceSpki,
      ...VALIDITY,
      extensions: [
        { oid: '1.3.6.1.4.1.41482.4.2', value: Uint8Array.of(2, 4, 2, 0x62, 0x5a, 0) },
        basicConstraints(true, 0),
      ],
    })
    const leaf = made.attest({
      spki: testKeyPair(KEY).spki,
      objectId: 1,
      origin: 1,
      domains: 1,
      capabilities: 0x80n,
      label: '',
    })
    return yubihsm2.verify(yubiHsm2Package(leaf, device, ...above), { trustAnchors, now: NOW })
  }

  it('is genuine under the YubiHSM intermediate, which it does not carry', () => {
    expect(attested(hsm)).toMatchObject({ genuine: true, trustAnchor: { name: expect.stringContaining('YubiHSM') } })
    expect(attested(hsm, hsm.certificate, root.certificate).genuine).toBe(true)
  })

  it.each([
    ['FIDO', fido, /a Yubico CA for YubiKeys, which must not vouch/],
    ['PIV', piv, /a Yubico CA for YubiKeys, which must not vouch/],
    ['an intermediate of later days', newHsm, /an unknown intermediate for the YubiHSM/],
  ])('is refused under %s, with and without that certificate, and says why', (_name, by, why) => {
    for (const above of [[], [by.certificate], [by.certificate, root.certificate]]) {
      const verdict = attested(by, ...above)
      expect(verdict.genuine).toBe(false)
      expect(verdict).not.toHaveProperty('trustAnchor')
      expect(failure(verdict)).toMatchObject({ id: 'attestation.chain', detail: expect.stringMatching(why) })
    }
  })
})
