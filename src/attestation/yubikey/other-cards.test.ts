/** Other makers' PIV cards attest in the form of a YubiKey, and logins have attestations of their own: each has its own cause. */
import { describe, expect, it } from 'vitest'
import { nullValue } from '../../asn1/der-writer.ts'
import { parseNameText } from '../../asn1/name.ts'
import { checkAttestation } from '../../check/check-attestation.ts'
import { type CertificateExtension, issueCertificate } from '../../sandbox/certificate-issuer.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer, yubikeyPackage } from '../../sandbox/yubikey/evidence/issuer.ts'
import { builtInTrustAnchors } from '../../trust-anchors/trust-anchors.ts'
import { recogniseFamily } from '../recognise-family.ts'

const trustAnchors = builtInTrustAnchors()
const now = Date.parse('2026-11-29T00:00:00Z')
const f9Key = testKeyPair('P-256')
const key = testKeyPair('P-256')
const YUBICO = '1.3.6.1.4.1.41482.3'

/** Firmware and policies on an arc, as YubiKeys write them on Yubico's. */
const extensionsOn = (arc: string): readonly CertificateExtension[] => [
  { oid: `${arc}.3`, value: Uint8Array.of(5, 4, 0) },
  { oid: `${arc}.8`, value: Uint8Array.of(2, 1) },
]

interface Card {
  readonly leaf: string
  readonly f9: string
  readonly issuer: string
  readonly arc?: string
}

function pairOf({ leaf, f9, issuer, arc = YUBICO }: Card): Uint8Array {
  const dates = { notBefore: new Date('2018-01-01T00:00:00Z'), notAfter: new Date('2049-01-01T00:00:00Z') }
  const signed = { issuerKey: f9Key.privateKey, extensions: extensionsOn(arc), ...dates }
  return yubikeyPackage(
    issueCertificate({ ...signed, subject: parseNameText(leaf), issuer: parseNameText(f9), spki: key.spki }),
    issueCertificate({ ...signed, subject: parseNameText(f9), issuer: parseNameText(issuer), spki: f9Key.spki }),
  )
}

// biome-ignore format: a table
const CARDS: readonly (Card & { readonly vendor: string; readonly says: RegExp })[] = [
  { vendor: 'Token2', says: /PIV card of Token2/, leaf: 'CN=YubiKey PIV Attestation 9c', f9: 'CN=Yubico PIV Attestation', issuer: 'CN=TOKEN2 PIV CA' },
  { vendor: 'Token2', says: /PIV card of Token2/, leaf: 'CN=PIV Attestation 9c', f9: 'CN=PIV Attestation', issuer: 'CN=TOKEN2 PIV CA,O=Token2' },
  { vendor: 'PivApplet', says: /Java Card with PivApplet/, leaf: 'CN=PIVApplet Attestation 9C', f9: 'CN=PIVApplet Attestation', issuer: 'CN=PIVApplet Attestation' },
  { vendor: 'CanoKeys', says: /a CanoKey/, leaf: 'CN=CanoKey PIV Attestation 9c', f9: 'CN=CanoKey PIV Attestation CA', issuer: 'CN=CanoKeys' },
  { vendor: 'Pico Keys', says: /a Pico key/, leaf: 'CN=Pico OpenPGP PIV Attestation 9C,O=Pico Keys,C=ES', f9: 'CN=Pico OpenPGP PIV Slot F9,O=Pico Keys,C=ES', issuer: 'CN=Pico OpenPGP PIV Slot F9,O=Pico Keys,C=ES' },
]

describe.each(CARDS)('a card of $vendor ($leaf)', ({ vendor, says, ...card }) => {
  const result = checkAttestation({ hsmType: 'YUBIKEY', package: pairOf(card), trustAnchors, now })
  const failed = result.checks.filter(({ group, status }) => group === 'attestation' && status === 'fail')

  it('is not a YubiKey, by its own cause', () => {
    expect(result.genuine).toBe(false)
    expect(failed[0]?.detail).toMatch(/not a PIV attestation of a YubiKey/)
    expect(failed[0]?.detail).toMatch(says)
  })

  it('has no other cause, and no remedy that a YubiKey would need', () => {
    for (const { detail, remedy } of failed) {
      expect(detail).toMatch(says)
      expect(remedy).toMatch(/in a PIV slot of a YubiKey/)
    }
  })

  it('is told of as that vendor’s, and claims nothing of a YubiKey', () => {
    expect(result.device).toMatchObject({ vendor, fips: 'unknown' })
    expect(result.device.model).not.toMatch(/YubiKey/)
    expect(result.claims).not.toHaveProperty('local')
  })
})

it.each([
  ['1.3.6.1.4.1.66563.3', /Token2/],
  ['1.3.6.1.4.1.66602.1', /CanoKey/],
])('one with extensions on an arc of its own (%s) is named, though no family', (arc, says) => {
  const card = { leaf: 'CN=Attestation 9c', f9: 'CN=Attestation', issuer: 'CN=Some CA', arc }
  expect(() => recogniseFamily(pairOf(card))).toThrow(says)
  const { checks } = checkAttestation({ hsmType: 'YUBIKEY', package: pairOf(card), trustAnchors, now })
  expect(checks.find(({ status }) => status === 'fail')?.detail).toMatch(says)
})

describe('an attestation for logins', () => {
  const issuer = createYubikeyEvidenceIssuer({ firmware: '5.4.3', serial: 1234567 }, { keyType: 'P-256' })
  const leaf = issuer.attest({ spki: key.spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
  const login = (subject: string, extension: string) =>
    issueCertificate({
      subject: parseNameText(subject),
      issuer: parseNameText('CN=Some FIDO CA'),
      spki: f9Key.spki,
      issuerKey: f9Key.privateKey,
      notBefore: new Date('2018-01-01T00:00:00Z'),
      notAfter: new Date('2049-01-01T00:00:00Z'),
      extensions: [{ oid: extension, value: nullValue() }],
    })

  it.each([
    ['FIDO2', login('CN=Key EE,OU=Authenticator Attestation', '1.3.6.1.4.1.45724.1.1.4'), /FIDO2/],
    ['U2F', login('CN=Yubico U2F EE Serial 1', '1.3.6.1.4.1.45724.2.1.1'), /U2F/],
  ])('%s is named: alone, as YUBIKEY, and in the place of F9', (_, certificate, says) => {
    expect(() => recogniseFamily(yubikeyPackage(certificate))).toThrow(says)
    for (const package_ of [yubikeyPackage(certificate), yubikeyPackage(leaf, certificate)]) {
      const { genuine, checks } = checkAttestation({ hsmType: 'YUBIKEY', package: package_, trustAnchors, now })
      expect(genuine).toBe(false)
      expect(checks.map(({ detail }) => detail).join('\n')).toMatch(says)
    }
  })
})

it('a leaf that F9 does not verify may come from a new key in F9 beside the old certificate', () => {
  const genuine = createYubikeyEvidenceIssuer({ firmware: '5.4.3', serial: 1234567 }, { keyType: 'P-256' })
  const replaced = createYubikeyEvidenceIssuer(
    { firmware: '5.4.3', serial: 1234567 },
    { keyType: 'P-256', root: genuine.root },
  )
  const leaf = replaced.attest({ spki: key.spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
  const { checks } = checkAttestation({
    package: yubikeyPackage(leaf, genuine.f9Certificate),
    trustAnchors: genuine.trustAnchors,
    now,
  })
  const failed = checks.filter(({ group, status }) => group === 'attestation' && status === 'fail')
  expect(failed).toEqual([
    expect.objectContaining({
      id: 'attestation.leaf-signature',
      detail: expect.stringContaining('slot F9 has a new key but still the old certificate'),
      remedy: expect.stringContaining('cannot be restored'),
    }),
  ])
})
