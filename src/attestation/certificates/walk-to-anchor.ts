import type { Certificate } from '../../asn1/certificate.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import type { AnchorKey } from './anchor-keys.ts'
import { anchorThatSigned, isKept, namesIssuer, type SignedByOptions, signedBy } from './certificate-chain.ts'

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
  options: SignedByOptions = {},
): CertificatePath {
  if (options.remember !== true || pool.length > 0 || !isKept(start)) return walk(start, pool, anchors, options)
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
  options: SignedByOptions,
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
