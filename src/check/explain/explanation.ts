import { describePublicKey, readablePublicKey } from '../../asn1/public-key.ts'
import type { AttestationResult, Check } from '../../attestation/contract/attestation-result.ts'
import type { HsmType } from '../../hsm-type.ts'

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

/** What a file is, in words that a person follows. Plain data; `report/explanation-text.ts` prints it. */
export interface Explanation {
  readonly kind: 'attestation' | 'certificate-request' | 'certificate' | 'certificates' | 'pkcs7'
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
  /** What was found inside: an attestation in a request. */
  readonly embedded: readonly Explanation[]
}

export const fact = (label: string, value: string): ExplainedFact => ({ label, value })

/** A SubjectPublicKeyInfo in two words. */
export function keyText(spki: Uint8Array): string {
  const key = readablePublicKey(spki)
  return key === undefined ? 'a public key that cannot be read' : describePublicKey(key)
}
