/**
 * What evidence of draft-ietf-rats-pkix-key-attestation is worth here: verified if the user's own trust anchors vouch for its signer, else
 * recognised and no more. No vendor of the six families has said that its roots vouch for this format, so that the built-in anchors do
 * not count, and no verdict on a device follows from it.
 */
import { DerError } from '../../asn1/der-error.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { anchorKey } from '../../attestation/certificates/anchor-keys.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { faultsOf, keysOf } from './faults.ts'
import { type JudgedSignature, judgeSignature } from './judge-signature.ts'
import { type EvidenceElement, type PkixEvidence, readPkixEvidence } from './read-pkix-evidence.ts'

export interface PkixEvidenceContext {
  /** Those of the origin `user` count. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** Milliseconds since 1970. */
  readonly now: number
  /** The key that the evidence is wanted for: SubjectPublicKeyInfo, DER. */
  readonly spki?: Uint8Array
}

export interface JudgedPkixEvidence {
  readonly status: 'verified' | 'not-verified' | 'rejected'
  /** Why it is rejected, or not verified: one line each. */
  readonly reasons: readonly string[]
  readonly evidence: PkixEvidence
  readonly signatures: readonly JudgedSignature[]
  /** The elements of the key that it is wanted for; none if another key, or no key, is reported. */
  readonly keyElements: readonly EvidenceElement[]
}

/** Throws EvidenceError where it is malformed. */
export function judgePkixEvidence(
  der: Uint8Array,
  { trustAnchors, now, spki }: PkixEvidenceContext,
): JudgedPkixEvidence {
  const evidence = read(der)
  const anchors = trustAnchors.filter(({ origin }) => origin === 'user').map(anchorKey)
  const signatures = evidence.signatures.map((block) => judgeSignature(block, evidence, anchors, now))
  const refusals = signatures.flatMap(({ status, detail }, at) =>
    status === 'refused' ? [`signature ${at + 1}: ${detail}`] : [],
  )
  const rejected = [...faultsOf(evidence), ...refusals]
  const doubts = rejected.length > 0 ? [] : doubtsAbout(evidence, signatures)
  return {
    status: rejected.length > 0 ? 'rejected' : doubts.length > 0 ? 'not-verified' : 'verified',
    reasons: [...rejected, ...doubts],
    evidence,
    signatures,
    keyElements:
      spki === undefined
        ? []
        : evidence.elements.filter((element) => keysOf(element, 'spki').some((key) => sameBytes(key, spki))),
  }
}

function read(der: Uint8Array): PkixEvidence {
  try {
    return readPkixEvidence(der)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    throw new EvidenceError(
      `Could not read the PKIX evidence: ${error.message}`,
      'Export it from the device again, and do not edit it.',
      error,
    )
  }
}

/** A signature can be taken away or added without a trace; what is bound to the keys that signed says by `ak-spki` which they are. */
function doubtsAbout(evidence: PkixEvidence, signatures: readonly JudgedSignature[]): readonly string[] {
  if (signatures.length === 0) return ['it is not signed: nothing in it may be relied on']
  const named = evidence.elements.flatMap((element) => keysOf(element, 'ak-spki'))
  const isNamed = ({ key }: JudgedSignature): boolean =>
    named.length === 0 || (key !== undefined && named.some((each) => sameBytes(each, key)))
  const trusted = signatures.filter(({ status }) => status === 'trusted')
  if (trusted.some(isNamed)) return []
  if (trusted.length > 0) return ['whoever signed with a key that you trust is not among those that it names (ak-spki)']
  return signatures.map(({ detail }, at) => `signature ${at + 1}: ${detail}`)
}
