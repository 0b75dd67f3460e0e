/** Makes YubiHSM 2 attestations under a test root: what the connector double answers, and synthetic evidence for tests. */
import type { KeyObject } from 'node:crypto'
import { bitString, integer, octetString, utf8String } from '../../../asn1/der-writer.ts'
import { type Name, parseNameText } from '../../../asn1/name.ts'
import { writePem } from '../../../asn1/pem.ts'
import type { TrustAnchor } from '../../../trust-anchors/trust-anchor.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  type CertificateExtension,
  type CertificateTemplate,
  issueCertificate,
  subjectKeyIdentifier,
} from '../../certificate-issuer.ts'
import { testTrustAnchor } from '../../synthetic-evidence.ts'
import { type TestKeyPair, type TestKeyType, testKeyPair } from '../../test-key-pair.ts'

/** Yubico's arc for YubiHSM 2 attestation, 1.3.6.1.4.1.41482.4. */
const ARC = '1.3.6.1.4.1.41482.4'

export interface YubiHsm2Personality {
  readonly serial: number
  /** `2.4.0` */
  readonly firmware: string
  /** FIPS certificate level as the device certificate holds it (extension .10). */
  readonly fipsCertificate?: number
  /** `legacy`: device, Sub-CA, root. `intermediate`: device under an intermediate of the newer root. */
  readonly hierarchy?: 'legacy' | 'intermediate'
}

export interface YubiHsm2IssuerOptions {
  /** Keys of root, Sub-CA and device: RSA-2048 on every device seen. */
  readonly keyType?: TestKeyType
  /** `YubiHSM2 Attestation (…)` as firmware 2.1.3 wrote it. */
  readonly oldDeviceName?: boolean
  readonly deviceExtensions?: readonly CertificateExtension[]
  readonly notBefore?: Date
  readonly notAfter?: Date
  readonly root?: YubiHsm2TestRoot
}

export interface YubiHsm2TestRoot {
  readonly subject: Name
  readonly key: TestKeyPair
  readonly certificate: Uint8Array
}

export interface YubiHsm2AttestRequest {
  /** SubjectPublicKeyInfo of the object, DER. */
  readonly spki: Uint8Array
  readonly objectId: number
  /** Flags: 0x01 generated, 0x02 imported, 0x10 imported wrapped. */
  readonly origin: number
  /** 16 bits. */
  readonly domains: number
  /** 64 bits; bit 16 is exportable-under-wrap. */
  readonly capabilities: bigint
  readonly label: string
  /** FIPS approved state (extension .12), firmware 2.4.1 FIPS and later. */
  readonly fipsApproved?: number
  /** Bends the leaf: for evidence that must be refused. */
  readonly alter?: (template: CertificateTemplate) => CertificateTemplate
}

export interface YubiHsm2EvidenceIssuer {
  readonly personality: YubiHsm2Personality
  readonly root: YubiHsm2TestRoot
  /** The Sub-CA (or newer intermediate) that stands between device and root; not on the device. */
  readonly subCa: YubiHsm2TestRoot
  /** Opaque object 0, DER. */
  readonly deviceCertificate: Uint8Array
  readonly deviceKey: KeyObject
  /** SubjectPublicKeyInfo of the device key. */
  readonly deviceSpki: Uint8Array
  /** The test root and the Sub-CA. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** The leaf, DER, as Sign Attestation Certificate with key 0 returns it. */
  attest(request: YubiHsm2AttestRequest): Uint8Array
}

const NOT_BEFORE = new Date('2017-01-01T00:00:00Z')
const NOT_AFTER = new Date('2071-10-05T00:00:00Z')

function authority(
  subject: Name,
  keyType: TestKeyType,
  pathLength: number,
  issuer?: YubiHsm2TestRoot,
): YubiHsm2TestRoot {
  const key = testKeyPair(keyType)
  const certificate = issueCertificate({
    subject,
    issuer: issuer?.subject ?? subject,
    spki: key.spki,
    issuerKey: (issuer?.key ?? key).privateKey,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    extensions: [
      subjectKeyIdentifier(key.spki),
      authorityKeyIdentifier((issuer?.key ?? key).spki),
      basicConstraints(true, pathLength),
    ],
  })
  return { subject, key, certificate }
}

export function createYubiHsm2TestRoot(
  keyType: TestKeyType = 'RSA-2048',
  commonName = 'hsm-enroll sandbox YubiHSM Root CA (not Yubico)',
): YubiHsm2TestRoot {
  return authority(parseNameText(`CN=${commonName}`), keyType, 2)
}

/** Creates the Sub-CA and the device certificate of one device. */
export function createYubiHsm2EvidenceIssuer(
  personality: YubiHsm2Personality,
  options: YubiHsm2IssuerOptions = {},
): YubiHsm2EvidenceIssuer {
  const keyType = options.keyType ?? 'RSA-2048'
  const root = options.root ?? createYubiHsm2TestRoot(keyType)
  const subCaName =
    personality.hierarchy === 'intermediate'
      ? 'CN=hsm-enroll sandbox YubiHSM Attestation 1 (not Yubico)'
      : 'CN=hsm-enroll sandbox YubiHSM Sub-CA (not Yubico)'
  const subCa = authority(parseNameText(subCaName), keyType, 1, root)
  const device = testKeyPair(keyType)
  const model = options.oldDeviceName === true ? 'YubiHSM2' : 'YubiHSM'
  const deviceName = parseNameText(`CN=${model} Attestation (${personality.serial})`)
  const validity = { notBefore: options.notBefore ?? NOT_BEFORE, notAfter: options.notAfter ?? NOT_AFTER }
  const deviceCertificate = issueCertificate({
    subject: deviceName,
    issuer: subCa.subject,
    issuerKey: subCa.key.privateKey,
    spki: device.spki,
    ...validity,
    extensions: [
      ...identity(personality),
      ...(personality.fipsCertificate === undefined
        ? []
        : [{ oid: `${ARC}.10`, value: integer(personality.fipsCertificate) }]),
      subjectKeyIdentifier(device.spki),
      authorityKeyIdentifier(subCa.key.spki),
      basicConstraints(true, 0),
      ...(options.deviceExtensions ?? []),
    ],
  })
  return {
    personality,
    root,
    subCa,
    deviceCertificate,
    deviceKey: device.privateKey,
    deviceSpki: device.spki,
    trustAnchors: [
      testTrustAnchor(root.certificate, ['YUBIHSM2']),
      testTrustAnchor(subCa.certificate, ['YUBIHSM2'], 'intermediate'),
    ],
    attest: (request) =>
      issueCertificate(
        (request.alter ?? ((template) => template))({
          subject: parseNameText(`CN=${model} Attestation id:0x${request.objectId.toString(16).padStart(4, '0')}`),
          issuer: deviceName,
          issuerKey: device.privateKey,
          spki: request.spki,
          ...validity,
          extensions: [...identity(personality), ...objectExtensions(request)],
        }),
      ),
  }
}

const identity = ({ firmware, serial }: YubiHsm2Personality): CertificateExtension[] => [
  { oid: `${ARC}.1`, value: octetString(Uint8Array.from(firmware.split('.').map(Number))) },
  { oid: `${ARC}.2`, value: integer(serial) },
]

const objectExtensions = (request: YubiHsm2AttestRequest): CertificateExtension[] => [
  { oid: `${ARC}.3`, value: bitString(Uint8Array.of(request.origin)) },
  { oid: `${ARC}.4`, value: bitString(bigEndian(BigInt(request.domains), 2)) },
  { oid: `${ARC}.5`, value: bitString(bigEndian(request.capabilities, 8)) },
  { oid: `${ARC}.6`, value: integer(request.objectId) },
  { oid: `${ARC}.9`, value: utf8String(request.label) },
  ...(request.fipsApproved === undefined ? [] : [{ oid: `${ARC}.12`, value: integer(request.fipsApproved) }]),
]

const bigEndian = (value: bigint, octets: number): Uint8Array =>
  Buffer.from(value.toString(16).padStart(octets * 2, '0'), 'hex')

/** The package: PEM of the leaf, of the device certificate and, where asked for, of the Sub-CA. */
export const yubiHsm2Package = (...certificates: readonly Uint8Array[]): Uint8Array =>
  Buffer.from(certificates.map((der) => writePem('CERTIFICATE', der)).join(''))
