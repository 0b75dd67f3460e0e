import { describePublicKey, readablePublicKey } from '../../asn1/public-key.ts'
import type { AttestationResult, Check } from '../../attestation/contract/attestation-result.ts'
import type { HsmType } from '../../hsm-type.ts'
import type { CheckRequest } from '../check-attestation.ts'

/** What the judgement leans on; the same members as for `checkAttestation`. */
export interface ExplainContext extends Omit<CheckRequest, 'package'> {
  /** Read evidence of draft-ietf-rats-pkix-key-attestation, too: an Internet-Draft, whose numbers are not assigned. */
  readonly pkixEvidence?: boolean
}

/** A labelled fact, for people. */
export interface ExplainedFact {
  readonly label: string
  readonly value: string
}

/** A node of a chain, issuer above issued. */
export interface ExplainedNode {
  readonly name: string
  /** What it is in this chain: "trust anchor (built-in)", "certificate of slot F9". */
  readonly role?: string
  readonly facts: readonly ExplainedFact[]
  readonly children: readonly ExplainedNode[]
}

/** What a file is, in words that a person follows. Plain data; `explanationText` prints it. */
export interface Explanation {
  readonly kind: 'attestation' | 'certificate-request' | 'certificate' | 'certificates' | 'pkcs7' | 'pkix-evidence'
  readonly hsmType?: HsmType
  /** One line: what this is. */
  readonly title: string
  /** One line: how it was judged; attestations only. */
  readonly verdict?: string
  readonly facts: readonly ExplainedFact[]
  /** Roots of the trees. */
  readonly tree: readonly ExplainedNode[]
  /** What the evidence says of the key, one sentence each. */
  readonly says: readonly string[]
  /** What nobody should read into it. */
  readonly silent: readonly string[]
  /** Checks that failed or warn, with what to do. */
  readonly problems: readonly Check[]
  /** What was unwrapped to get here. */
  readonly notes: readonly string[]
  /** The whole verdict behind it; attestations only. */
  readonly result?: AttestationResult
  /** How far evidence of draft-ietf-rats-pkix-key-attestation is believed; such evidence only, and never a verdict on a device. */
  readonly pkixEvidence?: ExplainedPkixEvidence
  /** What was found inside: an attestation in a request. */
  readonly embedded: readonly Explanation[]
}

/** How far evidence of draft-ietf-rats-pkix-key-attestation is believed. */
export interface ExplainedPkixEvidence {
  readonly status: 'verified' | 'not-verified' | 'rejected'
  /** Why it is not verified, one line each; empty if it is. */
  readonly reasons: readonly string[]
  /** Does it report the key of the request? Null if no request was given. */
  readonly keyReported: boolean | null
}

/** Is what it says to be believed? */
export const isProven = ({ result, pkixEvidence }: Explanation): boolean =>
  result?.genuine !== false && (pkixEvidence === undefined || pkixEvidence.status === 'verified')

export const fact = (label: string, value: string): ExplainedFact => ({ label, value })

/** A SubjectPublicKeyInfo in two words. */
export function keyText(spki: Uint8Array): string {
  const key = readablePublicKey(spki)
  return key === undefined ? 'a public key that cannot be read' : describePublicKey(key)
}
