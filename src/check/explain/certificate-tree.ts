import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { namesIssuer, signedBy } from '../../attestation/certificates/certificate-chain.ts'
import { isoDay } from '../../iso-day.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { type ExplainedNode, fact, keyText } from './explanation.ts'

const BOTH = { sha1: true, rsaParametersAbsent: true } as const
/**
 * A crowd of certificates with one name would need hundreds of signatures. ECDSA takes up to 3 ms (P-521), RSA a tenth or less: Yubico's
 * published intermediates are 15 certificates in one file, with 13 RSA signatures.
 */
const SIGNATURE_BUDGET = 16
const signaturePrice = ({ signatureAlgorithm }: Certificate): number =>
  signatureAlgorithm.oid.startsWith('1.2.840.113549.1.1.') ? 1 : 2

export interface CertificateTrees {
  readonly tree: readonly ExplainedNode[]
  /** The budget ended before every issuer was looked for. */
  readonly cutShort: boolean
}

/** Puts issuer above issued by name and signature; whatever has no issuer in the file is a root of its own. */
export function certificateTrees(certificates: readonly Certificate[]): CertificateTrees {
  let budget = SIGNATURE_BUDGET
  const affords = (certificate: Certificate): boolean => {
    budget -= signaturePrice(certificate)
    return budget >= 0
  }
  const parents = new Map<Certificate, Certificate | undefined>()
  for (const certificate of certificates) {
    parents.set(
      certificate,
      certificates.find(
        (issuer) =>
          !descends(issuer, certificate, parents) &&
          namesIssuer(certificate, issuer.subject) &&
          affords(certificate) &&
          signedBy(certificate, issuer.spki, BOTH),
      ),
    )
  }
  const node = (certificate: Certificate): ExplainedNode => ({
    name: printName(certificate.subject) || '(empty name)',
    facts: [
      fact('until', isoDay(certificate.notAfter)),
      fact('key', keyText(certificate.spki)),
      fact('SHA-256', sha256Hex(certificate.der)),
    ],
    children: certificates.filter((child) => parents.get(child) === certificate).map(node),
  })
  const tops = certificates.filter((certificate) => parents.get(certificate) === undefined)
  return { tree: tops.map(node), cutShort: budget < 0 }
}

/** Is `candidate` the certificate itself, or below it already? Then it may not stand above it: bundles must not make a loop. */
function descends(
  candidate: Certificate,
  certificate: Certificate,
  parents: ReadonlyMap<Certificate, Certificate | undefined>,
): boolean {
  for (let at: Certificate | undefined = candidate; at !== undefined; at = parents.get(at)) {
    if (at === certificate) return true
  }
  return false
}
