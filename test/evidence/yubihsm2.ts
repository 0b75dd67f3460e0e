/** YubiHSM 2 evidence in every shape the reference names, good and bad, under test roots. */
import { bitString, integer, octetString } from '../../src/asn1/der-writer.ts'
import type { CertificateTemplate } from '../../src/sandbox/certificate-issuer.ts'
import type { SyntheticEvidence } from '../../src/sandbox/synthetic-evidence.ts'
import { type TestKeyPair, type TestKeyType, testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import {
  createYubiHsm2EvidenceIssuer,
  createYubiHsm2TestRoot,
  type YubiHsm2AttestRequest,
  type YubiHsm2EvidenceIssuer,
  type YubiHsm2IssuerOptions,
  type YubiHsm2Personality,
  yubiHsm2Package,
} from '../../src/sandbox/yubihsm2/evidence/issuer.ts'

const PERSONALITY: YubiHsm2Personality = { serial: 7550054, firmware: '2.4.1', fipsCertificate: 5 }
const QUICK: YubiHsm2IssuerOptions = { keyType: 'P-256' }
const ARC = '1.3.6.1.4.1.41482.4'
const SIGN_PKCS = 1n << 5n
const SIGN_PSS = 1n << 6n
const SIGN_ECDSA = 1n << 7n
const EXPORTABLE = 1n << 16n

/** Makes the whole list anew: keys are generated, so it takes some hundred milliseconds. */
export function syntheticEvidence(): readonly SyntheticEvidence[] {
  const device = createYubiHsm2EvidenceIssuer(PERSONALITY, QUICK)
  const key = testKeyPair('P-256')
  return [
    ...goodShapes(device, key),
    ...badObjects(device, key),
    ...badPackages(device, key),
    ...badChains(device, key),
  ]
}

function leafOf(
  device: YubiHsm2EvidenceIssuer,
  { spki }: TestKeyPair,
  change: Partial<YubiHsm2AttestRequest> = {},
): Uint8Array {
  const request = { spki, objectId: 0x0102, origin: 0x01, domains: 0x0001, capabilities: SIGN_ECDSA, label: 'signing' }
  return device.attest({ ...request, ...change })
}

function evidence(
  name: string,
  device: YubiHsm2EvidenceIssuer,
  expect: SyntheticEvidence['expect'],
  certificates: readonly Uint8Array[],
  failedCheck?: string,
): SyntheticEvidence {
  return {
    name,
    hsmType: 'YUBIHSM2',
    package: yubiHsm2Package(...certificates),
    trustAnchors: device.trustAnchors,
    expect,
    ...(failedCheck === undefined ? {} : { failedCheck }),
  }
}

function goodShapes(device: YubiHsm2EvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const newer = createYubiHsm2EvidenceIssuer({ ...PERSONALITY, hierarchy: 'intermediate' }, QUICK)
  const old = createYubiHsm2EvidenceIssuer({ serial: 2000000, firmware: '2.1.3' }, { ...QUICK, oldDeviceName: true })
  const types: readonly TestKeyType[] = ['RSA-2048', 'RSA-3072', 'P-384']
  const pair = [leafOf(device, key), device.deviceCertificate]
  const rootAlone = device.trustAnchors.filter(({ role }) => role === 'root')
  return [
    evidence('plain pair', device, 'genuine', pair),
    ...types.map((type) =>
      evidence(`attests ${type}`, device, 'genuine', [
        leafOf(device, testKeyPair(type), { capabilities: type === 'P-384' ? SIGN_ECDSA : SIGN_PKCS | SIGN_PSS }),
        device.deviceCertificate,
      ]),
    ),
    evidence('with the Sub-CA', device, 'genuine', [...pair, device.subCa.certificate]),
    evidence('with Sub-CA and root', device, 'genuine', [...pair, device.subCa.certificate, device.root.certificate]),
    {
      ...evidence('Sub-CA from the package, root pinned', device, 'genuine', [...pair, device.subCa.certificate]),
      trustAnchors: rootAlone,
    },
    evidence('under the newer intermediate', newer, 'genuine', [leafOf(newer, key), newer.deviceCertificate]),
    evidence('device name of firmware 2.1.3', old, 'genuine', [leafOf(old, key), old.deviceCertificate]),
    evidence('FIPS approved state in the leaf', device, 'genuine', [
      leafOf(device, key, { fipsApproved: 1 }),
      device.deviceCertificate,
    ]),
    evidence('exportable under wrap', device, 'genuine-but-exportable', [
      leafOf(device, key, { capabilities: SIGN_ECDSA | EXPORTABLE }),
      device.deviceCertificate,
    ]),
  ]
}

const replaced =
  (oid: string, value?: Uint8Array) =>
  (template: CertificateTemplate): CertificateTemplate => ({
    ...template,
    extensions: [
      ...(template.extensions?.filter((extension) => extension.oid !== oid) ?? []),
      ...(value === undefined ? [] : [{ oid, value }]),
    ],
  })

function badObjects(device: YubiHsm2EvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const bad = (name: string, failedCheck: string, change: Partial<YubiHsm2AttestRequest>): SyntheticEvidence =>
    evidence(name, device, 'refuse', [leafOf(device, key, change), device.deviceCertificate], failedCheck)
  return [
    bad('imported', 'attestation.origin', { origin: 0x02 }),
    bad('imported under wrap', 'attestation.origin', { origin: 0x10 }),
    bad('generated, then imported under wrap', 'attestation.origin', { origin: 0x11 }),
    bad('unknown origin', 'attestation.origin', { origin: 0x40 }),
    bad('no origin', 'attestation.origin', { alter: replaced(`${ARC}.3`) }),
    bad('no capabilities', 'attestation.capabilities', { alter: replaced(`${ARC}.5`) }),
    bad('capabilities of seven octets', 'attestation.capabilities', {
      alter: replaced(`${ARC}.5`, bitString(new Uint8Array(7))),
    }),
    bad('unknown capability', 'attestation.capabilities', { capabilities: SIGN_ECDSA | (1n << 63n) }),
    bad('object 0', 'attestation.leaf', { objectId: 0 }),
    bad('object id unlike the name', 'attestation.leaf', { alter: replaced(`${ARC}.6`, integer(7)) }),
    bad('no firmware', 'attestation.leaf', { alter: replaced(`${ARC}.1`) }),
    bad('no serial', 'attestation.serial', { alter: replaced(`${ARC}.2`) }),
    bad('serial of another device', 'attestation.serial', { alter: replaced(`${ARC}.2`, integer(99)) }),
    bad('serial that is no INTEGER', 'attestation.serial', {
      alter: replaced(`${ARC}.2`, octetString(new Uint8Array(3))),
    }),
    bad('unknown critical extension', 'attestation.extensions', {
      alter: (template) => ({
        ...template,
        extensions: [...(template.extensions ?? []), { oid: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) }],
      }),
    }),
    bad('leaf past its dates', 'attestation.dates', {
      alter: (template) => ({ ...template, notAfter: new Date('2020-01-01') }),
    }),
  ]
}

function badPackages(device: YubiHsm2EvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const leaf = leafOf(device, key)
  const { deviceCertificate } = device
  const sibling = createYubiHsm2EvidenceIssuer({ ...PERSONALITY, serial: 1111111 }, { ...QUICK, root: device.root })
  return [
    evidence('leaf alone', device, 'refuse', [leaf], 'attestation.package'),
    evidence('device certificate alone', device, 'refuse', [deviceCertificate], 'attestation.package'),
    evidence('wrong order', device, 'refuse', [deviceCertificate, leaf], 'attestation.package'),
    evidence(
      'device certificate twice',
      device,
      'refuse',
      [leaf, deviceCertificate, deviceCertificate],
      'attestation.package',
    ),
    evidence(
      'certificate of another device',
      device,
      'refuse',
      [leaf, sibling.deviceCertificate],
      'attestation.serial',
    ),
    evidence(
      'a certificate that belongs to nothing',
      device,
      'refuse',
      [leaf, deviceCertificate, sibling.deviceCertificate],
      'attestation.package',
    ),
  ]
}

function badChains(device: YubiHsm2EvidenceIssuer, key: TestKeyPair): readonly SyntheticEvidence[] {
  const { trustAnchors } = device
  const foreign = createYubiHsm2EvidenceIssuer(PERSONALITY, QUICK)
  const homeMade = createYubiHsm2EvidenceIssuer(PERSONALITY, {
    ...QUICK,
    root: createYubiHsm2TestRoot('P-256', 'My own CA'),
  })
  const full = (from: YubiHsm2EvidenceIssuer): readonly Uint8Array[] => [
    leafOf(from, key),
    from.deviceCertificate,
    from.subCa.certificate,
    from.root.certificate,
  ]
  // A key of the device that may sign, used as if it were the device's own.
  const user = testKeyPair('P-256')
  const userLeaf = leafOf(device, user, { objectId: 0x0200 })
  const byUserKey = leafOf(device, key, {
    alter: (template) => ({
      ...template,
      issuer: [[{ oid: '2.5.4.3', value: 'YubiHSM Attestation id:0x0200' }]],
      issuerKey: user.privateKey,
    }),
  })
  return [
    {
      ...evidence('forged Sub-CA and root of the right names', foreign, 'refuse', full(foreign)),
      trustAnchors,
      failedCheck: 'attestation.chain',
    },
    {
      ...evidence('home-made root', homeMade, 'refuse', full(homeMade)),
      trustAnchors,
      failedCheck: 'attestation.chain',
    },
    evidence(
      'leaf signed by an object of the device',
      device,
      'refuse',
      [byUserKey, userLeaf, device.deviceCertificate],
      'attestation.device',
    ),
  ]
}
