import type { TrustAnchor } from './trust-anchor.ts'

export const NSHIELD_TRUST_ANCHORS: readonly TrustAnchor[] = []
