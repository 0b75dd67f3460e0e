/**
 * What every family's walk is made of. Generic path engines refuse genuine evidence (six of 44 published YubiKey chains, both of
 * Thales's samples), so each family walks by itself, with these: name match, signature, dates, pinned anchors.
 */

import { type Certificate, type CertificateDeviations, parseCertificate } from '../../asn1/certificate.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import type { Writable } from '../contract/writable.ts'
import { BoundedCache, cacheKey } from '../package/bounded-cache.ts'
import { SeenBefore } from '../package/seen-before.ts'
import type { AnchorKey } from './anchor-keys.ts'
import { sharedKey } from './shared-keys.ts'
import { type AlgorithmDeviations, signatureScheme } from './signature-algorithm.ts'
import { verifySignature } from './verify-signature.ts'

/** A longer certificate is not kept: no vendor's is, and memory stays flat. */
const MAX_CACHED = 8192

const issuers = new BoundedCache<Certificate>(256)

/**
 * Parses a certificate that many packages may share (everything above the leaf). Bytes that came by before are kept: they give the same
 * object from then on, which is what lets `signedBy` remember. Throws DerError.
 */
export function parseIssuerCertificate(der: Uint8Array, deviations: CertificateDeviations = {}): Certificate {
  if (der.length > MAX_CACHED) return parseCertificate(der, deviations)
  const same = deviations.explicitCriticalFalse === true ? undefined : byIdentity.get(der)
  if (same !== undefined) return same
  if (!seen.again(der)) return withSharedKey(parseCertificate(der, deviations))
  const key = (deviations.explicitCriticalFalse === true ? 'f' : 's') + cacheKey(der)
  const known = issuers.get(key)
  const certificate = known ?? withSharedKey(parseCertificate(Uint8Array.from(der), deviations))
  if (known === undefined) {
    issuers.set(key, certificate)
    kept.add(certificate)
  }
  if (deviations.explicitCriticalFalse !== true) byIdentity.set(der, certificate)
  return certificate
}

/** Devices of a batch have a key in common, each in a certificate of its own. */
function withSharedKey(certificate: Writable<Certificate>): Certificate {
  certificate.spki = sharedKey(certificate.spki)
  return certificate
}

/** `readCertificatePackage` gives the same array for the same block; no caller writes to it. */
const byIdentity = new WeakMap<Uint8Array, Certificate>()
const seen = new SeenBefore()
const kept = new WeakSet<Certificate>()

/** Will this object come again? Only then is it worth remembering what was found out of it. */
export const isKept = (certificate: Certificate): boolean => kept.has(certificate)

/** Outcomes of signatures over shared issuer certificates. Facts about bytes alone: no date, no anchor, no policy in them. */
const remembered = new WeakMap<Certificate, Map<string, boolean>>()

export interface SignedByOptions extends AlgorithmDeviations {
  /** For issuer certificates (from `parseIssuerCertificate`), which a batch shares. */
  readonly remember?: boolean
}

/** Does the certificate's signature verify under this key? False for an algorithm outside the table. */
export function signedBy(certificate: Certificate, issuerSpki: Uint8Array, options: SignedByOptions = {}): boolean {
  const scheme = signatureScheme(certificate.signatureAlgorithm, options)
  if (scheme === undefined) return false
  if (options.remember !== true || !isKept(certificate)) {
    return verifySignature(scheme, issuerSpki, certificate.tbs, certificate.signature)
  }
  const key = cacheKey(issuerSpki)
  let outcomes = remembered.get(certificate)
  const known = outcomes?.get(key)
  if (known !== undefined) return known
  const outcome = verifySignature(scheme, issuerSpki, certificate.tbs, certificate.signature)
  if (outcomes === undefined || outcomes.size >= 32) {
    outcomes = new Map()
    remembered.set(certificate, outcomes)
  }
  outcomes.set(key, outcome)
  return outcome
}

export const namesIssuer = (certificate: Certificate, issuerSubject: Uint8Array): boolean =>
  sameBytes(certificate.issuer, issuerSubject)

export const selfIssued = (certificate: Certificate): boolean => sameBytes(certificate.issuer, certificate.subject)

/** Bounds included (RFC 5280 4.1.2.5). */
export const validAt = (certificate: Certificate, time: number): boolean =>
  time >= certificate.notBefore && time <= certificate.notAfter

/** Is this certificate an anchor itself: same key and, where the anchor has a name, same name? */
export const isAnchor = (certificate: Certificate, { spki, subject }: AnchorKey): boolean =>
  sameBytes(certificate.spki, spki) && (subject === undefined || sameBytes(certificate.subject, subject))

/**
 * Did this certificate come along as a copy of the anchor's own: one that the vendor published, or one that the same key signed again?
 * The key alone does not make it so, since every byte of a package must be somebody's.
 */
export const isAnchorCopy = (certificate: Certificate, key: AnchorKey, options: AlgorithmDeviations = {}): boolean =>
  isAnchor(certificate, key) &&
  (key.anchor.certificateSha256.includes(sha256Hex(certificate.der)) ||
    signedBy(certificate, key.spki, { ...options, remember: true }))

/** The anchor whose name is the issuer's name and whose key verifies the signature; bare keys are tried by signature alone. */
export function anchorThatSigned(
  certificate: Certificate,
  anchors: readonly AnchorKey[],
  options: SignedByOptions = {},
): TrustAnchor | undefined {
  return anchors.find(
    ({ spki, subject }) =>
      (subject === undefined || sameBytes(certificate.issuer, subject)) && signedBy(certificate, spki, options),
  )?.anchor
}

/** A critical extension beyond those that the caller deals with (RFC 5280 4.2: reject). */
export function unknownCritical({ extensions }: Certificate, known: readonly string[]): string | undefined {
  for (const { oid, critical } of extensions.values()) if (critical && !known.includes(oid)) return oid
  return undefined
}
