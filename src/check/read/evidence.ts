/** An attestation and what came along with it. */
export interface Evidence {
  /** As the CA wants it, before base64. */
  readonly package: Uint8Array
  /** PEM text; present where it came along or was given. */
  readonly certChains?: Uint8Array
  /** The request that the attestation stood in or beside, DER. */
  readonly request?: Uint8Array
  /** The public key that was beside it where no request was: SubjectPublicKeyInfo, DER. */
  readonly publicKey?: Uint8Array
  /** Evidence of draft-ietf-rats-pkix-key-attestation that was found beside it, DER: `pkix-evidence/` reads it. No verdict rests on it. */
  readonly pkixEvidence?: readonly Uint8Array[]
  /** What was unwrapped or rewritten, in the order in which it was done; empty where the file was right as it is. */
  readonly notes: readonly string[]
}
