import type { TrustAnchor } from './trust-anchor.ts'

/** The key under which every nShield warrant stands. A bare key: it has no certificate, no name and no end. */
export const NSHIELD_TRUST_ANCHORS: readonly TrustAnchor[] = [
  {
    name: 'KWARN-1',
    hsmTypes: ['NSHIELD'],
    role: 'root',
    spki: 'MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQB0h395tfgAcWk94ro0veZ4Mr3nGDWc9DaiLIGo7pS8g3OCVbOAvAa8yc2dnyLn+/zmMKeAghSc3GFaqL0D8rmHZYBZBylRy8GJX3oFa4Gsz4bhowUlkX1X7fJFzgBTT0jXnskdknML30Qdem01DiGYedUp/w4aRPDPd1gIIve1TAaG3c=',
    spkiSha256: 'df8f05a39596bb9c4a8cc4d3b6de10607f362d7182e881ea82a5edc7cdcdf84f',
    certificateSha256: [],
    source: 'Entrust nShield root key KWARN-1 (nshielddocs.entrust.com, key attestation, nShield root key)',
    checked:
      '2026-11-22, verifies the delegations in two example bundles and one example warrant that Entrust published; not compared with the vendor page',
    origin: 'built-in',
  },
]
