/** Makes Fortanix key attestation statements under a test root: what the DSM double answers, and synthetic evidence. */
import { createHash, randomBytes } from 'node:crypto'
import { octetString, oid, sequence, tlv } from '../../../asn1/der-writer.ts'
import { type Name, parseNameText } from '../../../asn1/name.ts'
import type { TrustAnchor } from '../../../trust-anchors/trust-anchor.ts'
import {
  basicConstraints,
  type CertificateExtension,
  type CertificateTemplate,
  issueCertificate,
  keyUsage,
} from '../../certificate-issuer.ts'
import { testTrustAnchor } from '../../synthetic-evidence.ts'
import { type TestKeyPair, testKeyPair } from '../../test-key-pair.ts'

/** Fortanix's arc. */
const ARC = '1.3.6.1.4.1.49690'

export interface FortanixIssuerOptions {
  /** When statements are signed; the authority begins a day earlier and ends 30 days later. Default: 2026-11-01. */
  readonly signedAt?: Date
  /** Common name of the root: Fortanix's own, for a forged root of the right name. */
  readonly rootName?: string
  readonly rootNotAfter?: Date
  /** Bends the authority's certificate before it is signed. */
  readonly alterAuthority?: (template: CertificateTemplate) => CertificateTemplate
  /** Bends the CA's certificate before it is signed. */
  readonly alterCa?: (template: CertificateTemplate) => CertificateTemplate
}

export interface FortanixAttestRequest {
  /** SubjectPublicKeyInfo of the key, DER. */
  readonly spki: Uint8Array
  /** The key's UUID. */
  readonly kid: string
  /** False leaves the claim out, as for an imported key. */
  readonly generated?: boolean
  /** False leaves the claim out, as for a key that may be exported. */
  readonly neverExportable?: boolean
  readonly signedAt?: Date
  /** Bends the statement before it is signed. */
  readonly alter?: (template: CertificateTemplate) => CertificateTemplate
  /** Rearranges "authority_chain": authority, CA, root. */
  readonly arrange?: (chain: readonly Uint8Array[]) => readonly Uint8Array[]
}

export interface FortanixEvidenceIssuer {
  readonly trustAnchors: readonly TrustAnchor[]
  /** Authority, CA, root, DER. */
  readonly authorityChain: readonly Uint8Array[]
  /** The reply's JSON. */
  attest(request: FortanixAttestRequest): Uint8Array
}

const DAY = 86_400_000
const DEFAULT_SIGNED_AT = new Date('2026-11-01T12:00:00Z')
const NEVER = new Date('9999-12-31T23:59:59Z')

/** Root, CA and authority of a cluster (RSA-2048, 3072 and 3072, for speed; genuine ones have 4096, 4096 and 3072). */
export function createFortanixEvidenceIssuer(options: FortanixIssuerOptions = {}): FortanixEvidenceIssuer {
  const signedAt = options.signedAt ?? DEFAULT_SIGNED_AT
  const root = newAuthority(options.rootName ?? 'hsm-enroll sandbox Attestation Root CA (not Fortanix)', 'RSA-2048')
  const ca = newAuthority('Fortanix Key Attestation CA')
  const authority = newAuthority('Fortanix DSM SaaS Key Attestation Authority')
  const long = { notBefore: new Date('2023-09-01T16:38:12Z') }
  const certificates = {
    root: issue(root, root, {
      ...long,
      notAfter: options.rootNotAfter ?? new Date('2033-08-29T16:38:12Z'),
      extensions: [keyUsage(0, 5, 6), basicConstraints(true), subjectKeyId(root)],
    }),
    ca: issue(
      ca,
      root,
      {
        ...long,
        notAfter: new Date('2029-08-31T16:51:25Z'),
        extensions: [keyUsage(0, 5, 6), basicConstraints(true), subjectKeyId(ca), POLICY, authorityKeyId(root)],
      },
      options.alterCa,
    ),
    authority: issue(
      authority,
      ca,
      {
        notBefore: new Date(signedAt.getTime() - DAY),
        notAfter: new Date(signedAt.getTime() + 29 * DAY),
        extensions: [
          keyUsage(0),
          WRITTEN_OUT_FALSE,
          subjectKeyId(authority),
          { oid: '2.5.29.37', value: sequence(oid(`${ARC}.8.1`)) },
          { oid: `${ARC}.2.5`, value: ENROLLMENT_POLICY },
          POLICY,
          authorityKeyId(ca),
        ],
      },
      options.alterAuthority,
    ),
  }
  const authorityChain = [certificates.authority, certificates.ca, certificates.root]
  return {
    trustAnchors: [testTrustAnchor(certificates.root, ['FORTANIX'])],
    authorityChain,
    attest: (request) => {
      const chain = (request.arrange ?? ((all) => all))(authorityChain)
      const statement = issueStatement(request, authority, signedAt)
      return Buffer.from(
        JSON.stringify({
          authority_chain: chain.map(base64),
          attestation_statement: { format: 'x509_certificate', statement: base64(statement) },
        }),
      )
    },
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

interface Authority {
  readonly subject: Name
  readonly key: TestKeyPair
}

const newAuthority = (commonName: string, keyType: 'RSA-2048' | 'RSA-3072' = 'RSA-3072'): Authority => ({
  subject: parseNameText(`CN=${commonName},O=Sandbox,C=NL`),
  key: testKeyPair(keyType),
})

type Profile = Pick<CertificateTemplate, 'notBefore' | 'notAfter' | 'extensions'>

const issue = (
  holder: Authority,
  issuer: Authority,
  profile: Profile,
  alter: (template: CertificateTemplate) => CertificateTemplate = (template) => template,
): Uint8Array =>
  issueCertificate(
    alter({
      ...profile,
      subject: holder.subject,
      issuer: issuer.subject,
      issuerKey: issuer.key.privateKey,
      spki: holder.key.spki,
    }),
  )

function issueStatement(request: FortanixAttestRequest, authority: Authority, signedAt: Date): Uint8Array {
  const { spki, kid, generated = true, neverExportable = true, alter = (template) => template } = request
  return issueCertificate(
    alter({
      subject: [[{ oid: '2.5.4.3', value: 'Fortanix DSM Key Attestation' }], [{ oid: `${ARC}.1.2.2`, value: kid }]],
      issuer: authority.subject,
      issuerKey: authority.key.privateKey,
      spki,
      serialNumber: Buffer.concat([Buffer.of(0x15), randomBytes(19)]),
      notBefore: request.signedAt ?? signedAt,
      notAfter: NEVER,
      extensions: [
        keyUsage(0),
        ...(generated ? [{ oid: `${ARC}.2.4.1.1`, value: sequence() }] : []),
        ...(neverExportable ? [{ oid: `${ARC}.2.4.1.2`, value: sequence() }] : []),
        authorityKeyId(authority),
      ],
    }),
  )
}

/** Fortanix's identifiers are SHA-1 over the whole SubjectPublicKeyInfo. */
const keyId = ({ key }: Authority): Uint8Array => createHash('sha1').update(key.spki).digest()
const subjectKeyId = (authority: Authority): CertificateExtension => ({
  oid: '2.5.29.14',
  value: octetString(keyId(authority)),
})
const authorityKeyId = (issuer: Authority): CertificateExtension => ({
  oid: '2.5.29.35',
  value: sequence(tlv(0x80, keyId(issuer))),
})

const POLICY: CertificateExtension = { oid: '2.5.29.32', value: sequence(sequence(oid(`${ARC}.6.1.2`))) }
/** `cA FALSE` written out, as the genuine authority has it. */
const WRITTEN_OUT_FALSE: CertificateExtension = {
  oid: '2.5.29.19',
  critical: true,
  value: Buffer.from('3003010100', 'hex'),
}
const ENROLLMENT_POLICY = sequence(sequence(oid(`${ARC}.2.5.1`), oid(`${ARC}.2.5.1.1`)), sequence(oid(`${ARC}.2.5.2`)))
