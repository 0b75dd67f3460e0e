import { type Certificate, parseCertificate } from '../../asn1/certificate.ts'
import { DerError } from '../../asn1/der-error.ts'
import { derKind } from '../../asn1/der-kind.ts'
import { printName } from '../../asn1/name.ts'
import { pkcs7Certificates } from '../../asn1/pkcs7.ts'
import { selfIssued } from '../../attestation/certificates/certificate-chain.ts'
import { basicConstraintsOf } from '../../attestation/certificates/certificate-extensions.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { readCertificatePackage } from '../../attestation/package/certificate-package.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { certificateTrees } from './certificate-tree.ts'
import { type ExplainedFact, type Explanation, fact, keyText } from './explanation.ts'

const MAX_PKCS7 = 32

/** Certificates that are no evidence: PEM, DER, or a PKCS#7. Throws EvidenceError or DerError where they are neither. */
export function explainCertificates(package_: Uint8Array, notes: readonly string[]): Explanation {
  const isPkcs7 = derKind(package_) === 'pkcs7'
  const ders = isPkcs7 ? pkcs7Certificates(package_).slice(0, MAX_PKCS7) : readCertificatePackage(package_)
  const certificates = ders.map(readCertificate)
  const [only] = certificates
  const single = certificates.length === 1 && only !== undefined
  const { tree, cutShort } = single ? { tree: [], cutShort: false } : certificateTrees(certificates)
  return {
    kind: isPkcs7 ? 'pkcs7' : single ? 'certificate' : 'certificates',
    title: isPkcs7
      ? `PKCS#7 with ${certificates.length} certificates`
      : single
        ? 'Certificate (X.509)'
        : `${certificates.length} certificates (X.509)`,
    facts: single ? certificateFacts(only) : [],
    tree,
    says: [],
    silent: ['where the private key is: only an attestation says that'],
    problems: [],
    notes: cutShort ? [...notes, CUT_SHORT] : notes,
    embedded: [],
  }
}

const CUT_SHORT =
  'too many certificates with the same names to verify them all: some are shown at the top although their issuer is in the file; pass fewer at a time'

function readCertificate(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der, { explicitCriticalFalse: true })
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new EvidenceError(
      `Could not read a certificate in the file: ${error.message}`,
      'Export the file again, and do not edit it.',
      error,
    )
  }
}

function certificateFacts(certificate: Certificate): readonly ExplainedFact[] {
  const constraints = basicConstraintsOf(certificate)
  return [
    fact('subject', printName(certificate.subject) || '(empty)'),
    fact('issuer', selfIssued(certificate) ? 'itself' : printName(certificate.issuer)),
    fact('serial', Buffer.from(certificate.serialNumber).toString('hex')),
    fact('from', new Date(certificate.notBefore).toISOString()),
    fact('until', new Date(certificate.notAfter).toISOString()),
    fact('key', keyText(certificate.spki)),
    fact('CA', constraints !== undefined && constraints !== 'malformed' && constraints.ca ? 'yes' : 'no'),
    fact('key SHA-256', sha256Hex(certificate.spki)),
    fact('SHA-256', sha256Hex(certificate.der)),
  ]
}
