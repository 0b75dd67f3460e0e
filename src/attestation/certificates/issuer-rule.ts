/**
 * One rule for whoever signs a certificate of evidence, in all families (RFC 5280 4.2, 6.1.4 k to o): each certificate between leaf and
 * anchor may sign certificates, as many below it as are there, with a key that is worth it, and every critical extension of each is known
 * and looked at. The anchor itself is judged by its pinned key alone (RFC 5280 6.1.1 d).
 */
import type { Certificate } from '../../asn1/certificate.ts'
import { unknownCritical } from './certificate-chain.ts'
import { basicConstraintsOf, EXTENSION_OID, KEY_USAGE, keyUsageOf } from './certificate-extensions.ts'
import { issuerKeyFault } from './issuer-key.ts'

/** Named ways in which genuine certificates of one kind differ. */
export interface IssuerForm {
  /** They have no basicConstraints; where they have, those count. */
  readonly withoutConstraints?: boolean
  /** Critical extensions that the family looks at by itself. */
  readonly looksAt?: readonly string[]
}

const LOOKED_AT = [EXTENSION_OID.basicConstraints, EXTENSION_OID.keyUsage]

/** An extension that nobody looks at, or one that cannot be read. Predicate for a message: "has a malformed key usage". */
export function extensionFault(certificate: Certificate, looksAt: readonly string[] = []): string | undefined {
  const unknown = unknownCritical(certificate, [...LOOKED_AT, ...looksAt])
  if (unknown !== undefined) return `has the unknown critical extension ${unknown}`
  if (basicConstraintsOf(certificate) === 'malformed') return 'has malformed basic constraints'
  return keyUsageOf(certificate) === 'malformed' ? 'has a malformed key usage' : undefined
}

/**
 * Why this certificate must not have signed the one below it; `below` is the number of issuers further down, the leaf not counted.
 * Undefined if nothing speaks against it.
 */
export function issuerFault(certificate: Certificate, below: number, form: IssuerForm = {}): string | undefined {
  return extensionFault(certificate, form.looksAt) ?? authorityFault(certificate, below, form)
}

/** The same without the question for extensions that are unknown, for a family that has a rule of its own for those. */
export function authorityFault(
  certificate: Certificate,
  below: number,
  { withoutConstraints = false }: IssuerForm = {},
): string | undefined {
  const constraints = basicConstraintsOf(certificate)
  const usage = keyUsageOf(certificate)
  if (constraints === 'malformed') return 'has malformed basic constraints'
  if (usage === 'malformed') return 'has a malformed key usage'
  if (constraints === undefined ? !withoutConstraints : !constraints.ca) return 'is not a CA certificate'
  if (usage?.has(KEY_USAGE.keyCertSign) === false) return 'is not allowed to sign certificates'
  const allowed = constraints?.pathLength
  if (allowed !== undefined && allowed < below) return `allows ${allowed} issuers below it, and has ${below}`
  const weak = issuerKeyFault(certificate.spki)
  return weak && `must not vouch for others: its key ${weak}`
}

/** Why a certificate must not be that of an attested key: it says that it issues others. */
export function leafFault(certificate: Certificate): string | undefined {
  const constraints = basicConstraintsOf(certificate)
  const usage = keyUsageOf(certificate)
  if (constraints === 'malformed') return 'has malformed basic constraints'
  if (usage === 'malformed') return 'has a malformed key usage'
  if (constraints?.ca) return 'says that it is a CA'
  return usage?.has(KEY_USAGE.keyCertSign) ? 'is allowed to sign certificates' : undefined
}
