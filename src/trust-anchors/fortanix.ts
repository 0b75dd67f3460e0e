import type { TrustAnchor } from './trust-anchor.ts'

export const FORTANIX_TRUST_ANCHORS: readonly TrustAnchor[] = []
