/**
 * What every family's walk is made of. Generic path engines refuse genuine evidence (reference: six of 44 YubiKey chains,
 * both Luna samples), so each family walks by itself, with these: name match, signature, dates, pinned anchors, bounds.
 */
import { hash } from 'node:crypto'
import { type Certificate, type CertificateDeviations, parseCertificate } from '../asn1/certificate.ts'
import { printName } from '../asn1/name.ts'
import { OctetMemory } from '../asn1/octet-memory.ts'
import { sameBytes } from '../asn1/octets.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
import type { AnchorKey } from './anchor-keys.ts'
import type { ChainLink } from './attestation-result.ts'
import { BoundedCache, cacheKey } from './bounded-cache.ts'
import { type AlgorithmDeviations, signatureScheme } from './signature-algorithm.ts'
import { verifySignature } from './verify-signature.ts'

/** A longer certificate is not kept: no vendor's is, and memory stays flat. */
const MAX_CACHED = 8192

const issuers = new BoundedCache<Certificate>(256)

/**
 * Parses a certificate that many packages share (everything above the leaf) once. The same bytes give the same object, which is
 * what lets `signedBy` remember. Throws DerError.
 */
export function parseIssuerCertificate(der: Uint8Array, deviations: CertificateDeviations = {}): Certificate {
  if (der.length > MAX_CACHED) return parseCertificate(der, deviations)
  const same = deviations.explicitCriticalFalse === true ? undefined : byIdentity.get(der)
  if (same !== undefined) return same
  const key = (deviations.explicitCriticalFalse === true ? 'f' : 's') + cacheKey(der)
  const known = issuers.get(key)
  const certificate = known ?? parseCertificate(Uint8Array.from(der), deviations)
  if (known === undefined) issuers.set(key, certificate)
  if (deviations.explicitCriticalFalse !== true) byIdentity.set(der, certificate)
  return certificate
}

/** `readCertificatePackage` gives the same array for the same block; no caller writes to it. */
const byIdentity = new WeakMap<Uint8Array, Certificate>()

/** Outcomes of signatures over shared issuer certificates. Facts about bytes alone: no date, no anchor, no policy in them. */
const remembered = new WeakMap<Certificate, Map<string, boolean>>()

/**
 * Does the certificate's signature verify under this key? `remember` for issuer certificates (from `parseIssuerCertificate`),
 * which a batch shares. False for an algorithm outside the table.
 */
export function signedBy(
  certificate: Certificate,
  issuerSpki: Uint8Array,
  options: AlgorithmDeviations & { readonly remember?: boolean } = {},
): boolean {
  const scheme = signatureScheme(certificate.signatureAlgorithm, options)
  if (scheme === undefined) return false
  if (options.remember !== true) {
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
  options: AlgorithmDeviations & { readonly remember?: boolean } = {},
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

export const sha256Hex = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')

const links = new WeakMap<Certificate, ChainLink>()

/** How a certificate stands in a result's chain. `keep` for issuer certificates, which a batch shares. */
export function chainLink(certificate: Certificate, keep = false): ChainLink {
  const known = keep ? links.get(certificate) : undefined
  if (known !== undefined) return known
  const link: ChainLink = {
    subject: printedName(certificate.subject),
    issuer: printedName(certificate.issuer),
    notAfter: isoTime(certificate.notAfter),
    sha256: sha256Hex(certificate.der),
  }
  if (keep) links.set(certificate, link)
  return link
}

const names = new OctetMemory<string>(256, 512)
const printedName = (name: Uint8Array): string => names.get(name, 0, name.length, printName)

let lastTime: readonly [time: number, iso: string] = [0, new Date(0).toISOString()]

/** A batch has few different dates, one after the other the same. */
function isoTime(time: number): string {
  if (lastTime[0] !== time) lastTime = [time, new Date(time).toISOString()]
  return lastTime[1]
}

export interface CertificatePath {
  /** From the certificate given upwards; the anchor's own certificate, where the pool holds it, is not in it. */
  readonly certificates: readonly Certificate[]
  readonly anchor?: TrustAnchor
  /** Why no anchor was reached. `signature`: an issuer of that name is there but its key did not sign. */
  readonly failure?: 'issuer-missing' | 'signature' | 'too-long'
}

const MAX_PATH = 8
/** No genuine path has more than six; ECDSA P-521 takes up to 3 ms. */
const MAX_SIGNATURES = 8

/**
 * Walks from `start` to a pinned anchor through `pool`, whose order does not matter and whose self-signed members are never
 * trusted. Every step needs the issuer's name and signature; each certificate is used once, so bundles cannot make it loop.
 * Dates, extensions and roles are the caller's.
 */
export function walkToAnchor(
  start: Certificate,
  pool: readonly Certificate[],
  anchors: readonly AnchorKey[],
  options: AlgorithmDeviations & { readonly remember?: boolean } = {},
): CertificatePath {
  if (options.remember !== true || pool.length > 0) return walk(start, pool, anchors, options)
  const known = walked.get(start)
  if (known !== undefined && known.anchors === anchors && known.options === options) return known.path
  const path = walk(start, pool, anchors, options)
  walked.set(start, { anchors, options, path })
  return path
}

/** The last walk from a shared certificate without a pool: the same anchors and rules give the same path. */
const walked = new WeakMap<
  Certificate,
  { readonly anchors: readonly AnchorKey[]; readonly options: object; readonly path: CertificatePath }
>()

function walk(
  start: Certificate,
  pool: readonly Certificate[],
  anchors: readonly AnchorKey[],
  options: AlgorithmDeviations & { readonly remember?: boolean },
): CertificatePath {
  const certificates: Certificate[] = [start]
  let budget = MAX_SIGNATURES
  for (let current = start; ; ) {
    const anchor = anchorThatSigned(current, anchors, options)
    if (anchor !== undefined) return { certificates, anchor }
    if (certificates.length >= MAX_PATH) return { certificates, failure: 'too-long' }
    const named = pool.filter((candidate) => namesIssuer(current, candidate.subject))
    const issuer = named.find(
      (candidate) => !certificates.includes(candidate) && budget-- > 0 && signedBy(current, candidate.spki, options),
    )
    if (issuer === undefined) {
      const nameKnown = named.length > 0 || anchors.some(({ subject }) => subject && namesIssuer(current, subject))
      return { certificates, failure: nameKnown ? 'signature' : 'issuer-missing' }
    }
    certificates.push(issuer)
    current = issuer
  }
}
