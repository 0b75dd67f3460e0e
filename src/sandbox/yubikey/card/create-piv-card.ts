/** A card of a named personality, with a test hierarchy of its own. */

import { parseCertificate } from '../../../asn1/certificate.ts'
import type { TrustAnchor } from '../../../trust-anchors/trust-anchor.ts'
import { createYubikeyEvidenceIssuer, type YubikeyPersonality, type YubikeyTestRoot } from '../evidence/issuer.ts'
import { PERSONALITIES, type Personality, type PersonalityName } from './personality.ts'
import { PivCard } from './piv-card.ts'

export interface CreatePivCardOptions {
  /** Default: `yubikey-5.4.3`, the newest that libykcs11 2.2.0 of Debian 12 can generate on (3DES management key). */
  readonly personality?: PersonalityName | Personality
  /** Default 15732500. */
  readonly serial?: number
  /** Several cards under one test root. Default: a root of its own. */
  readonly root?: YubikeyTestRoot
  /** Keys of root, intermediate and F9. Default `RSA-2048`, as on every device; `P-256` is made at once. */
  readonly attestationKeyType?: 'RSA-2048' | 'P-256'
}

export interface CreatedPivCard {
  readonly card: PivCard
  /** The test root (and the intermediate that devices do not carry). Never among the built-in anchors. */
  readonly trustAnchors: readonly TrustAnchor[]
  readonly root: YubikeyTestRoot
  /** F9's certificate as it left the factory, DER. */
  readonly f9Certificate: Uint8Array
  /** Above F9 and not on the device, nearest first, DER. */
  readonly intermediates: readonly Uint8Array[]
}

export const DEFAULT_SERIAL = 15_732_500

export function createPivCard(options: CreatePivCardOptions = {}): CreatedPivCard {
  const chosen = options.personality ?? 'yubikey-5.4.3'
  const personality = typeof chosen === 'string' ? PERSONALITIES[chosen] : chosen
  const serial = options.serial ?? DEFAULT_SERIAL
  const issuer = createYubikeyEvidenceIssuer(attested(personality, serial), {
    keyType: options.attestationKeyType ?? 'RSA-2048',
    f9BasicConstraints: personality.firmware[0] >= 5,
    root: options.root,
  })
  const card = new PivCard({
    personality,
    serial,
    attestation: { key: issuer.f9Key, certificate: issuer.f9Certificate },
    issueLeaf: ({ spki, slot, pinPolicy, touchPolicy, f9Key, f9Certificate }) =>
      issuer.attest({
        spki,
        slot,
        pinPolicy,
        touchPolicy,
        // The owner may have put another key and certificate into F9: the card signs with what is there.
        alter: (template) => ({
          ...template,
          issuer: parseCertificate(f9Certificate).subject,
          issuerKey: f9Key,
        }),
      }),
  })
  const { trustAnchors, root, f9Certificate, intermediates } = issuer
  return { card, trustAnchors, root, f9Certificate, intermediates }
}

/** Number of the FIPS 140 certificate level that F9 of a 5.4.3 FIPS device states (vector ipxe-5.4.3-fips-9a). */
const FIPS_CERTIFICATE = 7

function attested(personality: Personality, serial: number): YubikeyPersonality {
  return {
    serial,
    firmware: personality.firmware.join('.'),
    ...(personality.firmware[0] >= 5 ? { formFactor: personality.formFactor } : {}),
    ...(personality.fips ? { fipsCertificate: FIPS_CERTIFICATE } : {}),
    hierarchy: personality.hierarchy === 'legacy' ? 'direct' : 'intermediate',
  }
}
