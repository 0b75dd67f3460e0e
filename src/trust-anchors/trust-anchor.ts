import type { HsmType } from '../hsm-type.ts'

/**
 * A key that evidence may end in, as data. Pinned by public key: two certificates with one key are one anchor.
 * For a certificate chain the subject name counts too (name match plus signature, RFC 5280 6.1).
 */
export interface TrustAnchor {
  /** For people: "Yubico PIV Root CA Serial 263751". */
  readonly name: string
  readonly hsmTypes: readonly HsmType[]
  /** What it may vouch for within the family: `root`, or an intermediate that devices do not carry. */
  readonly role: 'root' | 'intermediate'
  /** Where evidence needs two chains (MARVELL_GOOGLE): the one that this anchor may end. Absent: either, but not both. */
  readonly authority?: 'manufacturer' | 'owner'
  /** Name, DER, base64. Absent for a bare key (nShield KWARN-1). */
  readonly subject?: string
  /** SubjectPublicKeyInfo, DER, base64: the vendor's public key. */
  readonly spki: string
  readonly spkiSha256: string
  /** SHA-256 of each published certificate with this key, lower-case hex; empty for a bare key. */
  readonly certificateSha256: readonly string[]
  /** ISO dates (YYYY-MM-DD) of the newest published certificate; absent for a bare key. */
  readonly notBefore?: string
  readonly notAfter?: string
  /** Where the vendor publishes it. */
  readonly source: string
  /** When a person or a build last compared it with the source, YYYY-MM-DD, and how. */
  readonly checked: string
  readonly origin: 'built-in' | 'user'
}
