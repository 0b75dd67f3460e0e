import type { JudgedCeremony } from './judge-ceremony.ts'
import type { Signer } from './signatures/verify-signature-file.ts'

export type BundleCheckId =
  | 'container'
  | 'statement'
  | 'files'
  | 'journal'
  | 'evidence'
  | 'ceremony'
  | 'device-log'
  | 'signature'
  | 'witnesses'
  | 'timestamp'

/** One thing that was looked at. `warn`: nothing is wrong with it, but it proves less than it could. */
export interface BundleCheck {
  readonly id: BundleCheckId
  /** The file of the bundle, or `bundle` for the whole. */
  readonly part: string
  readonly status: 'pass' | 'fail' | 'warn'
  readonly detail: string
}

/** A time stamp that holds. */
export interface HeldTimeStamp {
  readonly file: string
  /** ISO 8601, UTC. */
  readonly time: string
  /** Subject of the authority's certificate. */
  readonly authority: string
  readonly policy: string
  /** Does its chain end in a certificate that the verifier passed? */
  readonly trusted: boolean
  /** What existed then: the statement, and the signatures made by then. */
  readonly covers: readonly string[]
}

/** What a bundle is worth. Data, whatever it is. */
export interface BundleVerdict {
  /** No check failed. */
  readonly sound: boolean
  /** SHA-256 of the statement: what witnesses sign, and its words. Absent where the bundle has none. */
  readonly digest?: string
  readonly words?: string
  readonly run?: string
  readonly created?: string
  readonly program?: string
  readonly ceremony?: JudgedCeremony
  readonly checks: readonly BundleCheck[]
  readonly signatures: readonly (Signer & { readonly file: string })[]
  readonly timestamps: readonly HeldTimeStamp[]
  /** Sentences for people; none says more than the checks. */
  readonly proves: readonly string[]
  readonly doesNotProve: readonly string[]
}
