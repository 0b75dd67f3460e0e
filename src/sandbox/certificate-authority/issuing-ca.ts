import type { KeyObject } from 'node:crypto'
import { oid, sequence } from '../../asn1/der-writer.ts'
import { type Name, parseNameText } from '../../asn1/name.ts'
import { writePem } from '../../asn1/pem.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  type CertificateExtension,
  issueCertificate,
  keyUsage,
  subjectKeyIdentifier,
} from '../certificate-issuer.ts'
import { testKeyPair } from '../test-key-pair.ts'

const DAY = 86_400_000

/** RFC 9336, Microsoft document signing, Adobe authentic documents. */
const DOCUMENT_SIGNING = ['1.3.6.1.5.5.7.3.36', '1.3.6.1.4.1.311.10.3.12', '1.2.840.113583.1.1.5']
const CODE_SIGNING = ['1.3.6.1.5.5.7.3.3']

export interface IssueRequest {
  readonly subject: Name
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  readonly days: number
  readonly purpose: 'document-signing' | 'code-signing' | 'other'
  /** Milliseconds since 1970. */
  readonly now: number
}

/** Root and issuing CA of a rehearsal, each with a key of its own. */
export interface IssuingCa {
  readonly rootPem: string
  /** DER: issuing certificate, then root. */
  readonly chain: readonly Uint8Array[]
  /** DER. */
  issue(request: IssueRequest): Uint8Array
}

/** `label` tells the rehearsal chain from the one that `test=Y` orders get. */
export function createIssuingCa(label: string, now: number): IssuingCa {
  const rootName = parseNameText(`CN=${label} Root,O=hsm-enroll rehearsal,C=NL`)
  const issuerName = parseNameText(`CN=${label} Document Signing CA,O=hsm-enroll rehearsal,C=NL`)
  const root = testKeyPair('P-256')
  const issuer = testKeyPair('P-256')
  const validity = { notBefore: new Date(now - DAY), notAfter: new Date(now + 3650 * DAY) }
  const rootDer = issueCertificate({
    subject: rootName,
    issuer: rootName,
    spki: root.spki,
    issuerKey: root.privateKey,
    ...validity,
    extensions: [basicConstraints(true), keyUsage(5, 6), subjectKeyIdentifier(root.spki)],
  })
  const issuerDer = issueCertificate({
    subject: issuerName,
    issuer: rootName,
    spki: issuer.spki,
    issuerKey: root.privateKey,
    ...validity,
    extensions: [
      basicConstraints(true, 0),
      keyUsage(5, 6),
      subjectKeyIdentifier(issuer.spki),
      authorityKeyIdentifier(root.spki),
    ],
  })
  return {
    rootPem: writePem('CERTIFICATE', rootDer),
    chain: [issuerDer, rootDer],
    issue: (request) => issue(request, issuerName, issuer),
  }
}

function issue(
  request: IssueRequest,
  issuerName: Name,
  issuer: { readonly spki: Uint8Array; readonly privateKey: KeyObject },
): Uint8Array {
  return issueCertificate({
    subject: request.subject,
    issuer: issuerName,
    spki: request.spki,
    issuerKey: issuer.privateKey,
    notBefore: new Date(request.now),
    notAfter: new Date(request.now + request.days * DAY),
    extensions: [
      basicConstraints(false),
      keyUsage(0, 1),
      ...purposes(request.purpose),
      subjectKeyIdentifier(request.spki),
      authorityKeyIdentifier(issuer.spki),
    ],
  })
}

function purposes(purpose: IssueRequest['purpose']): readonly CertificateExtension[] {
  if (purpose === 'other') return []
  const oids = purpose === 'document-signing' ? DOCUMENT_SIGNING : CODE_SIGNING
  return [{ oid: '2.5.29.37', value: sequence(...oids.map(oid)) }]
}
