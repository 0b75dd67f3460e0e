/** YubiKey evidence in every shape the reference names, good and bad, under test roots. */
import { octetString, tlv } from '../../src/asn1/der-writer.ts'
import type { CertificateTemplate } from '../../src/sandbox/certificate-issuer.ts'
import { basicConstraints } from '../../src/sandbox/certificate-issuer.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import { type TestKeyPair, type TestKeyType, testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import {
  createYubikeyEvidenceIssuer,
  createYubikeyTestRoot,
  type YubikeyEvidenceIssuer,
  type YubikeyIssuerOptions,
  type YubikeyPersonality,
  yubikeyPackage,
} from '../../src/sandbox/yubikey/evidence/issuer.ts'

const PERSONALITY: YubikeyPersonality = { serial: 12345678, firmware: '5.4.3', formFactor: 0x81, fipsCertificate: 7 }

/** EC throughout, so that a whole list is made in a moment; RSA where a shape asks for it. */
const QUICK: YubikeyIssuerOptions = { keyType: 'P-256' }

type Alter = (template: CertificateTemplate) => CertificateTemplate

const withoutExtension =
  (oid: string): Alter =>
  (template) => ({ ...template, extensions: template.extensions?.filter((extension) => extension.oid !== oid) ?? [] })

const withExtension =
  (oid: string, value: Uint8Array, critical = false): Alter =>
  (template) => ({
    ...template,
    extensions: [
      ...(template.extensions?.filter((extension) => extension.oid !== oid) ?? []),
      { oid, value, critical },
    ],
  })

const ARC = '1.3.6.1.4.1.41482.3'

/** Makes the whole list anew: keys are generated, so it takes some hundred milliseconds. */
export function syntheticEvidence(): readonly SyntheticEvidence[] {
  const device = createYubikeyEvidenceIssuer(PERSONALITY, QUICK)
  const key = testKeyPair('P-256')
  return [...goodShapes(device, key), ...badLeaves(device, key), ...badPackages(device, key), ...badChains(device, key)]
}

function leafOf(
  device: YubikeyEvidenceIssuer,
  { spki }: TestKeyPair,
  alter: Alter = (template) => template,
): Uint8Array {
  return device.attest({ spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1, alter })
}

function evidence(
  name: string,
  device: YubikeyEvidenceIssuer,
  expect: SyntheticEvidence['expect'],
  package_: Uint8Array,
  failedCheck?: string,
): SyntheticEvidence {
  const { trustAnchors } = device
  return { name, hsmType: 'YUBIKEY', package: package_, trustAnchors, expect, ...(failedCheck ? { failedCheck } : {}) }
}

function goodShapes(device: YubikeyEvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const newer = createYubikeyEvidenceIssuer(
    { serial: 33064031, firmware: '5.7.4', formFactor: 3, hierarchy: 'intermediate' },
    QUICK,
  )
  const old = createYubikeyEvidenceIssuer({ firmware: '4.3.7' }, { ...QUICK, f9BasicConstraints: false })
  const odd = createYubikeyEvidenceIssuer(PERSONALITY, { keyType: 'RSA-2048', f9OddAlgorithmParameters: true })
  const good = (name: string, from: YubikeyEvidenceIssuer, ...certificates: readonly Uint8Array[]): SyntheticEvidence =>
    evidence(name, from, 'genuine', yubikeyPackage(...certificates))
  const types: readonly TestKeyType[] = ['P-384', 'RSA-2048', 'RSA-3072', 'Ed25519']
  return [
    good('plain pair', device, leafOf(device, key), device.f9Certificate),
    ...types.map((type) => good(`attests ${type}`, device, leafOf(device, testKeyPair(type)), device.f9Certificate)),
    evidence('DER, one after the other', device, 'genuine', Buffer.concat([leafOf(device, key), device.f9Certificate])),
    good('F9 under an intermediate that is not in the package', newer, leafOf(newer, key), newer.f9Certificate),
    good('with the intermediate', newer, leafOf(newer, key), newer.f9Certificate, ...newer.intermediates),
    good(
      'with intermediate and root',
      newer,
      leafOf(newer, key),
      newer.f9Certificate,
      ...newer.intermediates,
      newer.root.certificate,
    ),
    good('no serial, no form factor, F9 without basicConstraints', old, leafOf(old, key), old.f9Certificate),
    good('F9 without NULL in its algorithm', odd, leafOf(odd, key), odd.f9Certificate),
  ]
}

function badLeaves(device: YubikeyEvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const bad = (name: string, failedCheck: string, alter: Alter): SyntheticEvidence =>
    evidence(name, device, 'refuse', yubikeyPackage(leafOf(device, key, alter), device.f9Certificate), failedCheck)
  const named =
    (commonName: string): Alter =>
    (template) => ({ ...template, subject: [[{ oid: '2.5.4.3', value: commonName }]] })
  return [
    bad('leaf without firmware', 'attestation.firmware', withoutExtension(`${ARC}.3`)),
    bad('leaf without policies', 'attestation.policies', withoutExtension(`${ARC}.8`)),
    bad('unknown PIN policy', 'attestation.policies', withExtension(`${ARC}.8`, Uint8Array.of(9, 1))),
    bad('unknown touch policy', 'attestation.policies', withExtension(`${ARC}.8`, Uint8Array.of(2, 0))),
    bad('serial that is no INTEGER', 'attestation.serial', withExtension(`${ARC}.7`, octetString(Uint8Array.of(1)))),
    bad('form factor as DER', 'attestation.form-factor', withExtension(`${ARC}.9`, tlv(2, Uint8Array.of(1)))),
    bad('unknown critical extension', 'attestation.extensions', withExtension('1.2.3.4', Uint8Array.of(5, 0), true)),
    bad('leaf that is a CA', 'attestation.leaf', (template) => ({
      ...template,
      extensions: [...(template.extensions ?? []), basicConstraints(true)],
    })),
    bad('subject of an ordinary certificate', 'attestation.leaf', named('Jane Doe')),
    bad('attests slot F9', 'attestation.leaf', named('YubiKey PIV Attestation f9')),
    bad('leaf past its dates', 'attestation.dates', (template) => ({ ...template, notAfter: new Date('2020-01-01') })),
    bad('leaf of the future', 'attestation.dates', (template) => ({ ...template, notBefore: new Date('2040-01-01') })),
    bad('signed with SHA-1', 'attestation.leaf-signature', (template) => ({ ...template, hash: 'sha1' })),
  ]
}

function badPackages(device: YubikeyEvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const leaf = leafOf(device, key)
  const other = createYubikeyEvidenceIssuer(PERSONALITY, { ...QUICK, root: device.root })
  const { f9Certificate: f9 } = device
  const bad = (name: string, failedCheck: string, ...certificates: readonly Uint8Array[]): SyntheticEvidence =>
    evidence(name, device, 'refuse', yubikeyPackage(...certificates), failedCheck)
  return [
    bad('leaf alone', 'attestation.package', leaf),
    bad('F9 alone', 'attestation.package', f9),
    bad('wrong order', 'attestation.package', f9, leaf),
    bad('leaf twice', 'attestation.package', leaf, leaf),
    bad('F9 twice', 'attestation.package', f9, f9),
    bad('F9 doubled behind the pair', 'attestation.package', leaf, f9, f9),
    bad('a certificate that belongs to nothing', 'attestation.package', leaf, f9, other.f9Certificate),
    bad('F9 of another device under the same root', 'attestation.leaf-signature', leaf, other.f9Certificate),
    bad('root in place of F9', 'attestation.f9', leaf, device.root.certificate),
  ]
}

function badChains(device: YubikeyEvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const { trustAnchors } = device
  /** Judged under the anchors of `device`, which never signed it. */
  const foreign = (name: string, from: YubikeyEvidenceIssuer, ...above: readonly Uint8Array[]): SyntheticEvidence => ({
    ...evidence(
      name,
      from,
      'refuse',
      yubikeyPackage(leafOf(from, key), from.f9Certificate, ...above),
      'attestation.chain',
    ),
    trustAnchors,
  })
  const forged = createYubikeyEvidenceIssuer(PERSONALITY, QUICK)
  const sameName = createYubikeyEvidenceIssuer(PERSONALITY, {
    ...QUICK,
    root: createYubikeyTestRoot('P-256', 'hsm-enroll sandbox PIV Root CA (not Yubico)'),
  })
  const homeMade = createYubikeyEvidenceIssuer(PERSONALITY, {
    ...QUICK,
    root: createYubikeyTestRoot('P-256', 'My own CA'),
  })
  const preview = createYubikeyEvidenceIssuer(PERSONALITY, {
    ...QUICK,
    root: createYubikeyTestRoot('P-256', 'Yubico PIV Preview CA'),
  })
  const fido = createYubikeyEvidenceIssuer(PERSONALITY, {
    ...QUICK,
    root: createYubikeyTestRoot('P-256', 'Yubico FIDO Attestation B 1'),
  })
  const expired = createYubikeyEvidenceIssuer(PERSONALITY, { ...QUICK, notAfter: new Date('2020-01-01') })
  const ended = trustAnchors.map((anchor) => ({ ...anchor, notAfter: '2020-01-01' }))
  // A key in slot 9c of a genuine device signs a leaf of its own: the attestation of that key must not serve as F9.
  const user = testKeyPair('P-256')
  const userLeaf = leafOf(device, user)
  const byUserKey = leafOf(device, key, (template) => ({
    ...template,
    issuer: [[{ oid: '2.5.4.3', value: 'YubiKey PIV Attestation 9c' }]],
    issuerKey: user.privateKey,
  }))
  return [
    foreign('root of the right name, another key', sameName),
    foreign('root of the right name in the package', forged, forged.root.certificate),
    foreign('F9 replaced by its owner', homeMade),
    foreign('F9 replaced, home-made root in the package', homeMade, homeMade.root.certificate),
    foreign('F9 of preview hardware', preview),
    foreign('F9 under the CA of another application', fido),
    evidence(
      'F9 past its dates',
      expired,
      'refuse',
      yubikeyPackage(leafOf(expired, key), expired.f9Certificate),
      'attestation.dates',
    ),
    {
      ...evidence('anchor past its end', device, 'refuse', yubikeyPackage(leafOf(device, key), device.f9Certificate)),
      trustAnchors: ended,
      failedCheck: 'attestation.dates',
    },
    evidence(
      'leaf signed by a key in a slot',
      device,
      'refuse',
      yubikeyPackage(byUserKey, userLeaf, device.f9Certificate),
      'attestation.f9',
    ),
  ]
}
