/**
 * The verdict on one evidence package: data, never an exception. The words are those of RFC 9334 (Attester, Evidence,
 * Verifier, Trust Anchor); the key claims carry the PKCS#11 names that the RATS HSM evidence draft uses.
 */

import type { HsmType } from '../../hsm-type.ts'
import type { Certification } from '../../knowledge/certification-on.ts'
import type { CheckId } from './check-ids.ts'

/** `attestation`: is the evidence genuine. `binding`: does it belong to the CSR. `policy`: would we order with it. */
export type CheckGroup = 'attestation' | 'binding' | 'policy'
/** How a rule came out. `warn` and `not-applicable` refuse nothing. */
export type CheckStatus = 'pass' | 'fail' | 'warn' | 'not-applicable'

/** The outcome of one rule. */
export interface Check {
  /** Stable, `group.what`: `attestation.chain`. */
  readonly id: CheckId
  readonly group: CheckGroup
  readonly status: CheckStatus
  /** One line: what was found and, where it failed, why. */
  readonly detail: string
  /** One line: what to do. Present on every fail and warn. */
  readonly remedy?: string
  /** Where the rule comes from: RFC section, vendor page, CA document. */
  readonly source: string
}

/** The key that evidence is for. */
export interface AttestedKey {
  readonly type: 'RSA' | 'EC' | 'other'
  /** RSA modulus bits. */
  readonly bits?: number
  readonly curve?: string
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  readonly spkiSha256: string
}

/** `RSA 3072`, `EC P-256`, `Ed25519`. */
export const describeAttestedKey = ({ type, bits, curve }: AttestedKey): string =>
  `${type === 'other' ? '' : `${type} `}${curve ?? bits ?? ''}`

/** The device that evidence is from, in the words of the evidence. */
export interface AttestedDevice {
  readonly vendor: string
  readonly model?: string
  readonly serial?: string
  readonly firmware?: string
  readonly fips: FipsWord
  /** What `fips` rests on, as of the day that `AttestationResult.knowledge` names. A family's own verdict has none. */
  readonly certification?: Certification
}

/**
 * In a family's verdict: whether evidence carries its vendor's mark of the FIPS series ("certified") or shows that it does not. In a
 * result: what that means on the day asked for. `historical`: the certificate is on NIST's historical list.
 */
export type FipsWord = 'certified' | 'historical' | 'not-certified' | 'unknown'

/** A published weakness that the device falls under. */
export interface Advisory {
  /** By which `policy.advisories` refers to it. */
  readonly id: string
  readonly name: string
  /** CVE and vendor numbers. */
  readonly references: readonly string[]
  readonly affects: 'attested-key' | 'attestation-key'
  /** What the evidence proves of it, and what it does not. */
  readonly proves: string
  readonly source: string
  /** The day on which the row was last compared with its source. */
  readonly checked: string
}

/** Which dated data a result rests on. */
export interface KnowledgeUsed {
  /** The day asked for, YYYY-MM-DD. */
  readonly on: string
  /** The day on which the data was put together. */
  readonly issued: string
  readonly serial: number
  readonly origin: 'built-in' | 'update'
}

/** What the evidence says of the key. A member that the evidence does not speak of is absent. */
export interface KeyClaims {
  readonly local?: boolean
  readonly sensitive?: boolean
  readonly extractable?: boolean
  readonly neverExtractable?: boolean
  readonly pinPolicy?: string
  readonly touchPolicy?: string
  /** Family-specific claims (slot, formFactor, capabilities, keyHash, protection, recovery, permissions, keyUuid, …). */
  readonly [name: string]: string | number | boolean | readonly string[] | undefined
}

/** The anchor that evidence ended in. */
export interface TrustAnchorUsed {
  readonly name: string
  readonly spkiSha256: string
  readonly origin: 'built-in' | 'user'
}

/** One link, leaf first. Families whose evidence is not made of certificates say in `subject` what signed what. */
export interface ChainLink {
  readonly subject: string
  readonly issuer: string
  /** ISO 8601, or absent where the link has no end. */
  readonly notAfter?: string
  /** SHA-256 of the certificate (or of the signed statement), lower-case hex. */
  readonly sha256: string
}

/** `hsm-enroll check --json` prints it: schemas/attestation-result.schema.json. */
export interface AttestationResult {
  readonly hsmType: HsmType
  /**
   * Every check of the group `attestation` holds: signed up to a pinned anchor, made on the device, and saying all that its family's
   * evidence must say. That the key cannot leave the device is for `policy.key.non-exportable` to say: a YubiHSM 2 key that may be
   * exported under wrap is genuine and not acceptable.
   */
  readonly genuine: boolean
  /** Genuine, bound to the CSR where one is given, and no policy rule fails. Depends on the day; `genuine` does not depend on `knowledge`. */
  readonly acceptable: boolean
  readonly attestedKey?: AttestedKey
  readonly device: AttestedDevice
  readonly claims: KeyClaims
  readonly trustAnchor?: TrustAnchorUsed
  readonly chain: readonly ChainLink[]
  readonly checks: readonly Check[]
  /** What was undone to read the files, and what else a person should know of them; absent if there is nothing to say. */
  readonly notes?: readonly string[]
  /** Empty: none is known for such a device and key on that day. Absent only in results of older versions. */
  readonly advisories?: readonly Advisory[]
  /** Absent only in results of older versions. */
  readonly knowledge?: KnowledgeUsed
}

/** Was there nothing to compare the attested key with? Then `acceptable` says nothing of any request. */
export const isUnbound = ({ checks }: Pick<AttestationResult, 'checks'>): boolean =>
  checks.some(({ id, status }) => id === 'binding.key' && status === 'not-applicable')
