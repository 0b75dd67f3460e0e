/** Makes YubiKey PIV attestations under a test root: what the PIV card double answers to ATTEST, and synthetic evidence for tests. */
import type { KeyObject } from 'node:crypto'
import { integer } from '../../../asn1/der-writer.ts'
import { type Name, parseNameText } from '../../../asn1/name.ts'
import { writePem } from '../../../asn1/pem.ts'
import type { TrustAnchor } from '../../../trust-anchors/trust-anchor.ts'
import {
  basicConstraints,
  type CertificateExtension,
  type CertificateTemplate,
  issueCertificate,
} from '../../certificate-issuer.ts'
import { testTrustAnchor } from '../../synthetic-evidence.ts'
import { type TestKeyPair, type TestKeyType, testKeyPair } from '../../test-key-pair.ts'

/** Yubico's arc for PIV attestation, 1.3.6.1.4.1.41482.3. */
const ARC = '1.3.6.1.4.1.41482.3'

/** The device that is attested for. */
export interface YubikeyPersonality {
  /** Undefined: the serial number is not visible, and the leaf has no such extension. */
  readonly serial?: number
  /** `5.7.4` */
  readonly firmware: string
  /** One octet; 0x80 marks the FIPS series. Undefined for firmware 4. */
  readonly formFactor?: number
  /** FIPS certificate number as F9 holds it (extension .10). */
  readonly fipsCertificate?: number
  /** `direct`: F9 under the root (to 5.7.2). `intermediate`: F9 under an intermediate that the device does not carry (5.7.4). */
  readonly hierarchy?: 'direct' | 'intermediate'
}

export interface YubikeyIssuerOptions {
  /** Keys of root, intermediate and F9: RSA-2048 on every device seen. */
  readonly keyType?: TestKeyType
  readonly f9Subject?: string
  /** Absent in F9 of firmware 4 and 5.2.4. */
  readonly f9BasicConstraints?: boolean
  /** The odd F9 of one 5.7.4: sha256WithRSA without NULL. */
  readonly f9OddAlgorithmParameters?: boolean
  readonly f9Extensions?: readonly CertificateExtension[]
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** The key of F9, in place of a new one. */
  readonly f9Key?: TestKeyPair
  /** Issue under an existing test root in place of a new one. */
  readonly root?: YubikeyTestRoot
}

export interface YubikeyTestRoot {
  readonly subject: Name
  readonly key: TestKeyPair
  readonly certificate: Uint8Array
}

export interface YubikeyAttestRequest {
  /** SubjectPublicKeyInfo of the key in the slot, DER. */
  readonly spki: Uint8Array
  /** 0x9a, 0x9c, 0x9d, 0x9e, 0x82 to 0x95. */
  readonly slot: number
  /** As the card stores it: 1 never, 2 once, 3 always, 4 match once, 5 match always. */
  readonly pinPolicy: number
  /** 1 never, 2 always, 3 cached. */
  readonly touchPolicy: number
  /** Bends the leaf: for evidence that must be refused. */
  readonly alter?: (template: CertificateTemplate) => CertificateTemplate
}

export interface YubikeyEvidenceIssuer {
  readonly personality: YubikeyPersonality
  readonly root: YubikeyTestRoot
  /** Above F9 and not on the device, nearest first; empty for the direct hierarchy. */
  readonly intermediates: readonly Uint8Array[]
  /** The certificate of slot F9 (object 5FFF01), DER. */
  readonly f9Certificate: Uint8Array
  readonly f9Key: KeyObject
  /** The test root, or the intermediate that devices do not carry. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** The leaf, DER, as ATTEST returns it. */
  attest(request: YubikeyAttestRequest): Uint8Array
}

const NOT_BEFORE = new Date('2016-03-14T00:00:00Z')
const NOT_AFTER = new Date('2052-04-17T00:00:00Z')

/** A root of a kind that no device knows. Its name says what it is. */
export function createYubikeyTestRoot(keyType: TestKeyType = 'RSA-2048', commonName = rootName): YubikeyTestRoot {
  const key = testKeyPair(keyType)
  const subject = parseNameText(`CN=${commonName}`)
  const certificate = issueCertificate({
    subject,
    issuer: subject,
    spki: key.spki,
    issuerKey: key.privateKey,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    extensions: [basicConstraints(true, 2)],
  })
  return { subject, key, certificate }
}

const rootName = 'hsm-enroll sandbox PIV Root CA (not Yubico)'

/** Creates F9 (and, for `intermediate`, what stands between) for one device. */
export function createYubikeyEvidenceIssuer(
  personality: YubikeyPersonality,
  options: YubikeyIssuerOptions = {},
): YubikeyEvidenceIssuer {
  const keyType = options.keyType ?? 'RSA-2048'
  const root = options.root ?? createYubikeyTestRoot(keyType)
  const validity = { notBefore: options.notBefore ?? NOT_BEFORE, notAfter: options.notAfter ?? NOT_AFTER }
  const above = personality.hierarchy === 'intermediate' ? intermediate(root, keyType) : undefined
  const f9 = options.f9Key ?? testKeyPair(keyType)
  const f9Subject = parseNameText(`CN=${options.f9Subject ?? 'Yubico PIV Attestation'}`)
  const f9Certificate = issueCertificate({
    subject: f9Subject,
    issuer: above?.subject ?? root.subject,
    issuerKey: (above ?? root).key.privateKey,
    spki: f9.spki,
    ...validity,
    oddAlgorithmParameters: options.f9OddAlgorithmParameters ?? false,
    extensions: f9Extensions(personality, options),
  })
  return {
    personality,
    root,
    intermediates: above === undefined ? [] : [above.certificate],
    f9Certificate,
    f9Key: f9.privateKey,
    trustAnchors: [
      testTrustAnchor(root.certificate, ['YUBIKEY']),
      ...(above === undefined ? [] : [testTrustAnchor(above.certificate, ['YUBIKEY'], 'intermediate')]),
    ],
    attest: ({ spki, slot, pinPolicy, touchPolicy, alter = (template) => template }) =>
      issueCertificate(
        alter({
          subject: parseNameText(`CN=YubiKey PIV Attestation ${slot.toString(16)}`),
          issuer: f9Subject,
          issuerKey: f9.privateKey,
          spki,
          ...validity,
          extensions: leafExtensions(personality, pinPolicy, touchPolicy),
        }),
      ),
  }
}

function intermediate(root: YubikeyTestRoot, keyType: TestKeyType): YubikeyTestRoot {
  const key = testKeyPair(keyType)
  const subject = parseNameText('CN=hsm-enroll sandbox PIV Attestation 1 (not Yubico)')
  const certificate = issueCertificate({
    subject,
    issuer: root.subject,
    issuerKey: root.key.privateKey,
    spki: key.spki,
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    extensions: [basicConstraints(true, 1)],
  })
  return { subject, key, certificate }
}

function f9Extensions(personality: YubikeyPersonality, options: YubikeyIssuerOptions): CertificateExtension[] {
  return [
    { oid: `${ARC}.3`, value: firmwareOctets(personality.firmware) },
    ...(personality.fipsCertificate === undefined
      ? []
      : [{ oid: `${ARC}.10`, value: integer(personality.fipsCertificate) }]),
    ...(options.f9BasicConstraints === false ? [] : [basicConstraints(true, 0)]),
    ...(options.f9Extensions ?? []),
  ]
}

function leafExtensions(
  personality: YubikeyPersonality,
  pinPolicy: number,
  touchPolicy: number,
): CertificateExtension[] {
  return [
    { oid: `${ARC}.3`, value: firmwareOctets(personality.firmware) },
    ...(personality.serial === undefined ? [] : [{ oid: `${ARC}.7`, value: integer(personality.serial) }]),
    { oid: `${ARC}.8`, value: Uint8Array.of(pinPolicy, touchPolicy) },
    ...(personality.formFactor === undefined
      ? []
      : [{ oid: `${ARC}.9`, value: Uint8Array.of(personality.formFactor) }]),
  ]
}

const firmwareOctets = (firmware: string): Uint8Array => Uint8Array.from(firmware.split('.').map(Number))

/** The package as the CA wants it: PEM of the leaf, then PEM of F9, then (only where asked for) the intermediates. */
export const yubikeyPackage = (...certificates: readonly Uint8Array[]): Uint8Array =>
  Buffer.from(certificates.map((der) => writePem('CERTIFICATE', der)).join(''))
