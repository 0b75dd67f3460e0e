import type { TrustAnchor } from './trust-anchor.ts'

export const LUNA_TRUST_ANCHORS: readonly TrustAnchor[] = []
