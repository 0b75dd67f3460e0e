/** Makes Cloud KMS attestations under test roots: what the Cloud KMS double serves, and synthetic evidence. */
import { createHash, sign } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { type Name, parseNameText } from '../../../asn1/name.ts'
import { writePem } from '../../../asn1/pem.ts'
import { parsePublicKey } from '../../../asn1/public-key.ts'
import type { TrustAnchor } from '../../../trust-anchors/trust-anchor.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  type CertificateTemplate,
  issueCertificate,
  keyUsage,
  subjectKeyIdentifier,
} from '../../certificate-issuer.ts'
import { testTrustAnchor } from '../../synthetic-evidence.ts'
import { type TestKeyPair, testKeyPair } from '../../test-key-pair.ts'
import { keyAttributes, type StatementObject, writeStatement } from './statement-writer.ts'

export interface MarvellGoogleIssuerOptions {
  /** As it stands in the card's name: `5.3G2041-ICM002696`. */
  readonly cardSerial?: string
  /** Size of the partition key: 2048 on every card seen; 4096 as LiquidSecurity 2 may have. */
  readonly partitionKeyType?: 'RSA-2048' | 'RSA-3072' | 'RSA-4096'
  /** Issue under the roots of another issuer. */
  readonly roots?: MarvellGoogleRoots
  /** Common name of the manufacturer's root: Marvell's own, for a forged root of the right name. */
  readonly manufacturerName?: string
  readonly notAfter?: Date
  readonly rootNotAfter?: Date
}

export interface MarvellGoogleRoots {
  readonly manufacturer: Holder
  readonly owner: Holder
}

export interface Holder {
  readonly subject: Name
  readonly key: TestKeyPair
  /** Absent for what holds two certificates. */
  readonly certificate?: Uint8Array
}

export interface MarvellGoogleAttestRequest {
  /** SubjectPublicKeyInfo of the key, DER: RSA, P-256, P-384 or secp256k1. */
  readonly spki: Uint8Array
  /** Full resource name: projects/…/cryptoKeyVersions/1. */
  readonly versionName: string
  /** Of the private object, in place of the usual values; undefined leaves one out. */
  readonly attributes?: Readonly<Record<number, Uint8Array | undefined>>
  /** `imported`: one private object, LOCAL, NEVER_EXTRACTABLE and ALWAYS_SENSITIVE 0. `aes`: one secret key. */
  readonly shape?: 'pair' | 'imported' | 'aes'
  /** The key check values of another key. */
  readonly checkValueSpki?: Uint8Array
  /** The layout of firmware before 3.2-08. */
  readonly version1?: boolean
}

/** PEM, leaf first, as the API's `certChains` has them. */
export interface MarvellGoogleCertChains {
  readonly caviumCerts: readonly string[]
  readonly googleCardCerts: readonly string[]
  readonly googlePartitionCerts: readonly string[]
}

export interface MarvellGoogleAttestation {
  /** `attestation.content`: the gzip'd statement. */
  readonly content: Uint8Array
  readonly certChains: MarvellGoogleCertChains
  /** The chains as one PEM text, as the verifier takes them. */
  readonly certChainsPem: Uint8Array
}

export interface MarvellGoogleEvidenceIssuer {
  readonly roots: MarvellGoogleRoots
  readonly trustAnchors: readonly TrustAnchor[]
  /** Manufacturer's card and partition, owner's card and partition, DER. */
  readonly certificates: Readonly<Record<'card' | 'partition' | 'ownerCard' | 'ownerPartition', Uint8Array>>
  attest(request: MarvellGoogleAttestRequest): MarvellGoogleAttestation
}

const NOT_BEFORE = new Date('2024-04-26T15:04:26Z')
const NOT_AFTER = new Date('2034-04-24T15:04:26Z')

/** Two roots, a card and a partition. */
export function createMarvellGoogleEvidenceIssuer(
  options: MarvellGoogleIssuerOptions = {},
): MarvellGoogleEvidenceIssuer {
  const roots = options.roots ?? createRoots(options)
  const serial = options.cardSerial ?? '5.3G0000-ICM000000'
  const card = holder(`HSM:${serial}\\, for FIPS mode`, 'RSA-2048')
  const partition = holder(`HSM:${serial}:PARTN:1\\, for FIPS mode`, options.partitionKeyType ?? 'RSA-2048')
  const certificates = issueCertificates(roots, card, partition, options.notAfter ?? NOT_AFTER)
  const certChains = chainsOf(certificates)
  return {
    roots,
    trustAnchors: anchorsOf(roots),
    certificates,
    attest: (request) => ({
      content: attest(request, partition.key),
      certChains,
      certChainsPem: pemOf(Object.values(certificates)),
    }),
  }
}

export const pemOf = (certificates: readonly Uint8Array[]): Uint8Array =>
  Buffer.from(certificates.map((der) => writePem('CERTIFICATE', der)).join(''))

type Certificates = MarvellGoogleEvidenceIssuer['certificates']

function chainsOf({ card, partition, ownerCard, ownerPartition }: Certificates): MarvellGoogleCertChains {
  const pem = (der: Uint8Array): string => writePem('CERTIFICATE', der)
  return {
    caviumCerts: [pem(partition), pem(card)],
    googleCardCerts: [pem(ownerCard)],
    googlePartitionCerts: [pem(ownerPartition)],
  }
}

/** The whole card name in one multi-valued RDN and a CN, as cards have it. */
const holder = (commonName: string, keyType: 'RSA-2048' | 'RSA-3072' | 'RSA-4096'): Holder => ({
  subject: parseNameText(`CN=${commonName},C=US+ST=CA+O=Cavium+OU=N3FIPS+L=SanJose`),
  key: testKeyPair(keyType),
})

function createRoots(options: MarvellGoogleIssuerOptions): MarvellGoogleRoots {
  const manufacturer = root(
    options.manufacturerName ??
      'CN=hsm-enroll sandbox (not localca.liquidsecurity.cavium.com),OU=LiquidSecurity,O=Sandbox,C=NL',
    // Marvell's root has serial 0 and, in 2015, version 1 without extensions.
    { serialNumber: Buffer.of(0), notAfter: options.rootNotAfter ?? new Date('2034-07-23T20:29:20Z'), extensions: [] },
  )
  const owner = root('CN=hsm-enroll sandbox Hawksbill Root (not Google),O=Sandbox,C=NL', {
    serialNumber: Buffer.of(3),
    notAfter: new Date('2035-01-01T00:00:00Z'),
    extensions: [keyUsage(0, 5, 6), basicConstraints(true)],
  })
  return { manufacturer, owner }
}

function root(
  name: string,
  profile: Pick<CertificateTemplate, 'serialNumber' | 'notAfter' | 'extensions'>,
): Holder & { readonly certificate: Uint8Array } {
  const subject = parseNameText(name)
  const key = testKeyPair('RSA-2048')
  const certificate = issueCertificate({
    ...profile,
    subject,
    issuer: subject,
    spki: key.spki,
    issuerKey: key.privateKey,
    notBefore: new Date('2017-07-01T00:00:00Z'),
  })
  return { subject, key, certificate }
}

function anchorsOf({ manufacturer, owner }: MarvellGoogleRoots): readonly TrustAnchor[] {
  return [
    ...anchorOf(manufacturer).map((anchor): TrustAnchor => ({ ...anchor, authority: 'manufacturer' })),
    ...anchorOf(owner).map((anchor): TrustAnchor => ({ ...anchor, authority: 'owner' })),
  ]
}

const anchorOf = ({ certificate }: Holder): readonly TrustAnchor[] =>
  certificate === undefined ? [] : [testTrustAnchor(certificate, ['MARVELL_GOOGLE'])]

/** Manufacturer: card is X.509 v1, partition has no constraints. Owner: both directly under its root, CA FALSE. */
function issueCertificates(roots: MarvellGoogleRoots, card: Holder, partition: Holder, notAfter: Date): Certificates {
  const issue = (subject: Holder, issuer: Holder, profile: Pick<CertificateTemplate, 'extensions' | 'serialNumber'>) =>
    issueCertificate({
      ...profile,
      subject: subject.subject,
      issuer: issuer.subject,
      issuerKey: issuer.key.privateKey,
      spki: subject.key.spki,
      notBefore: NOT_BEFORE,
      notAfter,
    })
  const owned = (subject: Holder): Uint8Array =>
    issue(subject, roots.owner, {
      extensions: [
        basicConstraints(false),
        subjectKeyIdentifier(subject.key.spki),
        authorityKeyIdentifier(roots.owner.key.spki),
      ],
    })
  return {
    card: issue(card, roots.manufacturer, {}),
    partition: issue(partition, card, { serialNumber: Buffer.of(1) }),
    ownerCard: owned(card),
    ownerPartition: owned(partition),
  }
}

function attest(request: MarvellGoogleAttestRequest, partition: TestKeyPair): Uint8Array {
  const key = parsePublicKey(partition.spki)
  const signatureLength = key.type === 'RSA' ? key.bits / 8 : 0
  const written = writeStatement(objectsOf(request), signatureLength)
  const body = request.version1 ? asVersion1(written) : written
  return gzipSync(Buffer.concat([body, sign('sha256', body, partition.privateKey)]))
}

const IMPORTED = { 355: Buffer.of(0), 356: Buffer.of(0), 357: Buffer.of(0) }

function objectsOf(request: MarvellGoogleAttestRequest): readonly StatementObject[] {
  const versionNameSha256 = createHash('sha256').update(request.versionName).digest('hex')
  const other = request.checkValueSpki
  const checkValues =
    other === undefined
      ? {}
      : {
          371: createHash('sha1').update(other).digest().subarray(0, 3),
          4099: createHash('sha256').update(other).digest(),
        }
  const common = { spki: request.spki, versionNameSha256 }
  const shape = request.shape ?? 'pair'
  const ofShape = shape === 'imported' ? IMPORTED : shape === 'aes' ? { 0: Buffer.of(4), 256: Buffer.of(0x1f) } : {}
  const privateObject = {
    handle: 0xf49,
    attributes: keyAttributes({
      ...common,
      half: 'private',
      attributes: { ...checkValues, ...ofShape, ...request.attributes },
    }),
  }
  if (shape !== 'pair') return [privateObject]
  const publicObject = {
    handle: 0xa37,
    attributes: keyAttributes({ ...common, half: 'public', attributes: checkValues }),
  }
  return [publicObject, privateObject]
}

/** V1 has no info header: a pair's objects begin at byte 984. What stands before them is not known; zeros here. */
const asVersion1 = (body: Uint8Array): Uint8Array => Buffer.concat([Buffer.alloc(984), body.subarray(32 + 8)])
