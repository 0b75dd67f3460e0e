import type { Certificate } from '../../asn1/certificate.ts'
import { unknownCritical } from './certificate-chain.ts'
import { basicConstraintsOf, EXTENSION_OID, KEY_USAGE, keyUsageOf } from './certificate-extensions.ts'

/** What is looked at, or says nothing against a signer. A critical one beside these refuses (RFC 5280 4.2). */
const KNOWN_EXTENSIONS = [
  EXTENSION_OID.keyUsage,
  EXTENSION_OID.basicConstraints,
  EXTENSION_OID.extKeyUsage,
  EXTENSION_OID.subjectAltName,
  EXTENSION_OID.certificatePolicies,
]

/**
 * Why a certificate does not fit into a path by its extensions (RFC 5280 6.1.4), to follow its name; undefined if it does. `below`: how
 * many certificates of the path it has issued, directly or not. Names, signatures and dates are the caller's.
 */
export function misfitOf(certificate: Certificate, below: number): string | undefined {
  const critical = unknownCritical(certificate, KNOWN_EXTENSIONS)
  if (critical !== undefined) return `has an unknown critical extension, ${critical}`
  if (below === 0) return undefined
  const constraints = basicConstraintsOf(certificate)
  if (constraints === undefined || constraints === 'malformed' || !constraints.ca) return 'is not a CA'
  if (constraints.pathLength !== undefined && constraints.pathLength < below - 1)
    return 'may not issue a chain of this length'
  const usage = keyUsageOf(certificate)
  if (usage === 'malformed' || (usage !== undefined && !usage.has(KEY_USAGE.keyCertSign)))
    return 'may not issue certificates'
  return undefined
}
