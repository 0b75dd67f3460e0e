import type { Certificate } from '../asn1/certificate.ts'
import { DerError } from '../asn1/der-error.ts'
import { parsePublicKey } from '../asn1/public-key.ts'
import type { HsmType } from '../hsm-type.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
import type { AttestedDevice, AttestedKey, ChainLink, KeyClaims, TrustAnchorUsed } from './attestation-result.ts'
import { chainLink, sha256Hex } from './certificate-chain.ts'
import type { CheckList, Rule } from './check-list.ts'
import type { FamilyVerdict } from './verify-attestation.ts'

export interface VerdictParts {
  readonly hsmType: HsmType
  readonly checks: CheckList
  /** Rules that must have been applied: a rule that was never reached is a failure. */
  readonly required: readonly Rule[]
  readonly device: AttestedDevice
  readonly claims: KeyClaims
  /** The attested SubjectPublicKeyInfo. */
  readonly spki?: Uint8Array
  readonly trustAnchor?: TrustAnchor
  readonly chain: readonly (Certificate | ChainLink)[]
}

/** Puts a family's findings into the shape all families share. */
export function familyVerdict(parts: VerdictParts): FamilyVerdict {
  const { checks, spki, trustAnchor } = parts
  const key = spki === undefined ? undefined : attestedKey(spki)
  const genuine = key !== undefined && trustAnchor !== undefined && checks.holds('attestation', parts.required)
  return {
    hsmType: parts.hsmType,
    genuine,
    ...(key === undefined ? {} : { attestedKey: key }),
    device: parts.device,
    claims: key === undefined || parts.claims.key !== undefined ? parts.claims : { ...parts.claims, key: keyText(key) },
    ...(trustAnchor === undefined ? {} : { trustAnchor: trustAnchorUsed(trustAnchor) }),
    chain: parts.chain.map((link, index) => ('tbs' in link ? chainLink(link, index > 0) : link)),
    checks: checks.checks,
    ...(key === undefined || spki === undefined ? {} : { spki }),
  }
}

/** `RSA2048`, `P256`, `Ed25519`: the claim `key` in the words of public test vectors. */
const keyText = ({ bits, curve }: AttestedKey): string => curve?.replace('-', '') ?? `RSA${bits}`

/** What a SubjectPublicKeyInfo holds, for the result; undefined where it cannot be read. */
export function attestedKey(spki: Uint8Array): AttestedKey | undefined {
  try {
    const key = parsePublicKey(spki)
    const spkiSha256 = sha256Hex(spki)
    switch (key.type) {
      case 'RSA':
        return { type: 'RSA', bits: key.bits, spkiSha256 }
      case 'EC':
        return { type: 'EC', curve: key.curve, spkiSha256 }
      case 'other':
        return { type: 'other', curve: key.name, spkiSha256 }
    }
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}

export const trustAnchorUsed = ({ name, spkiSha256, origin }: TrustAnchor): TrustAnchorUsed => ({
  name,
  spkiSha256,
  origin,
})
