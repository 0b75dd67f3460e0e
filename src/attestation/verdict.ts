import type { Certificate } from '../asn1/certificate.ts'
import { type PublicKey, readablePublicKey } from '../asn1/public-key.ts'
import type { HsmType } from '../hsm-type.ts'
import { present } from '../present.ts'
import { sha256Hex } from '../sha256-hex.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
import { anchorKey } from './certificates/anchor-keys.ts'
import { chainLink } from './certificates/chain-link.ts'
import { issuerKeyFault } from './certificates/issuer-key.ts'
import type {
  AttestedDevice,
  AttestedKey,
  ChainLink,
  KeyClaims,
  TrustAnchorUsed,
} from './contract/attestation-result.ts'
import { type CheckList, type Rule, rule } from './contract/check-list.ts'
import type { FamilyVerdict } from './contract/verify-attestation.ts'
import type { Writable } from './contract/writable.ts'

export interface VerdictParts {
  readonly hsmType: HsmType
  readonly checks: CheckList
  /** Rules that must have been applied: a rule that was never reached is a failure. */
  readonly required: readonly Rule[]
  readonly device: AttestedDevice
  /** The claim `key` is added if the family made none. */
  readonly claims: KeyClaims
  /** The attested SubjectPublicKeyInfo. */
  readonly spki?: Uint8Array
  readonly trustAnchor?: TrustAnchor | undefined
  readonly chain: readonly (Certificate | ChainLink)[]
}

/** Applied only where it fails: every family reads the key on its way. */
const ATTESTED_KEY = rule('attestation.attested-key', 'RFC 5280 4.1.2.7')
/** Likewise: no built-in anchor is so weak. */
const ANCHOR_KEY = rule('attestation.anchor-key', 'NIST SP 800-57 part 1, table 2; RFC 8017 3.1')

/** Puts a family's findings into the shape all families share. Set member by member: batches make many, and spreads cost. */
export function familyVerdict(parts: VerdictParts): FamilyVerdict {
  const { checks, spki, trustAnchor } = parts
  const claims: Writable<KeyClaims> = present(parts.claims)
  const publicKey = spki && readablePublicKey(spki)
  const key = publicKey && spki && describeKey(publicKey, spki)
  if (spki !== undefined && key === undefined) {
    checks.fail(ATTESTED_KEY, 'The attested public key cannot be read.', 'Generate a new key and attest that one.')
  }
  const weak = trustAnchor && issuerKeyFault(anchorKey(trustAnchor).spki)
  if (weak !== undefined) {
    checks.fail(
      ANCHOR_KEY,
      `The trust anchor ${trustAnchor?.name} must not vouch for others: its key ${weak}.`,
      'Ask whoever published this root for one with a stronger key.',
    )
  }
  const verdict: Writable<FamilyVerdict> = {
    hsmType: parts.hsmType,
    genuine: key !== undefined && trustAnchor !== undefined && checks.holds('attestation', parts.required),
    device: present(parts.device),
    claims,
    chain: parts.chain.map(linkOf),
    checks: checks.checks,
  }
  if (key !== undefined && spki !== undefined && publicKey !== undefined) {
    claims.key ??= keyText(key)
    verdict.attestedKey = key
    verdict.spki = spki
    verdict.publicKey = publicKey
  }
  if (trustAnchor !== undefined) verdict.trustAnchor = trustAnchorUsed(trustAnchor)
  return verdict
}

const linkOf = (link: Certificate | ChainLink): ChainLink => ('tbs' in link ? chainLink(link) : link)

/** `RSA2048`, `P256`, `Ed25519`: the claim `key` in the words of public test vectors. */
const keyText = ({ bits, curve }: AttestedKey): string =>
  curve === undefined ? `RSA${bits}` : (KEY_TEXTS[curve] ?? curve.replace('-', ''))
const KEY_TEXTS: Readonly<Record<string, string>> = { 'P-256': 'P256', 'P-384': 'P384', 'P-521': 'P521' }

/** What a SubjectPublicKeyInfo holds, for the result; undefined where it cannot be read. */
export function attestedKey(spki: Uint8Array): AttestedKey | undefined {
  const key = readablePublicKey(spki)
  return key && describeKey(key, spki)
}

function describeKey(key: PublicKey, spki: Uint8Array): AttestedKey {
  const spkiSha256 = sha256Hex(spki)
  switch (key.type) {
    case 'RSA':
      return { type: 'RSA', bits: key.bits, spkiSha256 }
    case 'EC':
      return { type: 'EC', curve: key.curve, spkiSha256 }
    case 'other':
      return { type: 'other', curve: key.name, spkiSha256 }
  }
}

const trustAnchorUsed = ({ name, spkiSha256, origin }: TrustAnchor): TrustAnchorUsed => ({
  name,
  spkiSha256,
  origin,
})
