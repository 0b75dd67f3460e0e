import type { Certificate } from '../../asn1/certificate.ts'
import { readDer, readSequence } from '../../asn1/der.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { readOid } from '../../asn1/der-values.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { digest } from '../../primitives/primitives.ts'
import { unknownCritical } from '../certificates/certificate-chain.ts'
import {
  authorityKeyIdOf,
  basicConstraintsOf,
  certificatePoliciesOf,
  EXTENSION_OID,
  extendedKeyUsageOf,
  KEY_USAGE,
  keyUsageOf,
  subjectKeyIdOf,
} from '../certificates/certificate-extensions.ts'
import { issuerKeyFault } from '../certificates/issuer-key.ts'
import { issuerFault } from '../certificates/issuer-rule.ts'
import type { CheckList } from '../contract/check-list.ts'
import { attestedKey } from '../verdict.ts'
import { FORTANIX_OID } from './oids.ts'
import { FORTANIX_RULES as RULE } from './rules.ts'

const MIN_RSA_BITS = 3072
/** All looked at below. */
const AUTHORITY_KNOWN = [
  EXTENSION_OID.basicConstraints,
  EXTENSION_OID.keyUsage,
  EXTENSION_OID.extKeyUsage,
  EXTENSION_OID.certificatePolicies,
]
const CA_FORM = { looksAt: [EXTENSION_OID.certificatePolicies] } as const
/** The sample's authority writes `cA FALSE` out although it is the default. Tolerated there and nowhere else. */
const WRITTEN_OUT_FALSE = Buffer.from('3003010100', 'hex')

/**
 * The authority signs statements and nothing else, and is no CA: path builders that want a CA above every certificate refuse
 * genuine statements. What it may do is fixed by its key usage, extended key usage, policy and enrolment policy.
 */
export function checkAuthority(
  authority: Certificate,
  ca: Certificate,
  statement: Certificate,
  checks: CheckList,
): boolean {
  const fault = authorityFault(authority) ?? caFault(ca) ?? identifierFault(authority, ca, statement)
  return checks.require(
    RULE.authority,
    fault === undefined,
    'The authority is Fortanix’s key attestation authority for FX2200 clusters.',
    `The authority is not acceptable: ${fault}.`,
    'Request the statement from DSM again; if it is refused again, ask Fortanix whether its certificates have changed.',
  )
}

function authorityFault(authority: Certificate): string | undefined {
  const usage = keyUsageOf(authority)
  const purposes = extendedKeyUsageOf(authority)
  if (saysCa(authority)) return 'its certificate says that it is a CA'
  if (usage === undefined || usage === 'malformed' || usage.size !== 1 || !usage.has(KEY_USAGE.digitalSignature)) {
    return 'its key usage is not only digitalSignature'
  }
  if (purposes === undefined || purposes === 'malformed' || !purposes.includes(FORTANIX_OID.keyAttestation)) {
    return 'its certificate is not for key attestation'
  }
  if (!requiresFx2200(authority)) {
    return 'its cluster lacks the enrolment policy for FX2200 with site operator approval'
  }
  const unknown = unknownCritical(authority, AUTHORITY_KNOWN)
  return unknown === undefined ? commonFault(authority) : `the critical extension ${unknown} is unknown`
}

/**
 * SEQUENCE OF { item OID, qualifier }: FX2200 as the least protection, then site operator approval. Further items only demand more;
 * Fortanix's own verifier lets them stand.
 */
function requiresFx2200(authority: Certificate): boolean {
  const policy = authority.extensions.get(FORTANIX_OID.enrollmentPolicy)?.value
  if (policy === undefined) return false
  const items = ifReadable(() =>
    readSequence(readDer(policy), 'enrolment policy').map((item) =>
      readSequence(item, 'policy item').map((part, index) => (index < 2 ? readOid(part) : '')),
    ),
  )
  const wanted = [FORTANIX_OID.minimumProtection, FORTANIX_OID.fx2200]
  return items?.[0]?.join() === wanted.join() && items[1]?.join() === FORTANIX_OID.operatorApproval
}

/** The authority counts as one issuer below it (RFC 5280 4.2.1.9). */
function caFault(ca: Certificate): string | undefined {
  const fault = issuerFault(ca, 1, CA_FORM) ?? (keyUsageOf(ca) === undefined ? 'has no key usage' : undefined)
  return fault === undefined ? commonFault(ca) : `the certificate above it ${fault}`
}

function commonFault(certificate: Certificate): string | undefined {
  if (!certificatePoliciesOf(certificate)?.includes(FORTANIX_OID.certificatePolicy)) {
    return `the certificate policy ${FORTANIX_OID.certificatePolicy} is missing`
  }
  const key = attestedKey(certificate.spki)
  const weak = issuerKeyFault(certificate.spki)
  if (key?.type !== 'RSA' || (key.bits ?? 0) < MIN_RSA_BITS) return `a key is not RSA of ${MIN_RSA_BITS} bits or more`
  return weak && `a key ${weak}`
}

function saysCa(authority: Certificate): boolean {
  const value = authority.extensions.get(EXTENSION_OID.basicConstraints)?.value
  if (value !== undefined && sameBytes(value, WRITTEN_OUT_FALSE)) return false
  const constraints = basicConstraintsOf(authority)
  return constraints === 'malformed' || constraints?.ca === true
}

/** Fortanix's key identifiers are SHA-1 over the whole SubjectPublicKeyInfo, not over the key bits. */
function identifierFault(authority: Certificate, ca: Certificate, statement: Certificate): string | undefined {
  const pairs = [
    [statement, authority],
    [authority, ca],
  ] as const
  for (const [certificate, issuer] of pairs) {
    const expected = digest('sha1', issuer.spki)
    const identifiers = [authorityKeyIdOf(certificate), subjectKeyIdOf(issuer)]
    if (!identifiers.every((found) => found instanceof Uint8Array && sameBytes(found, expected))) {
      return 'a key identifier does not match its key'
    }
  }
  return undefined
}
