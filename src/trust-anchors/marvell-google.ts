import type { TrustAnchor } from './trust-anchor.ts'

export const MARVELL_GOOGLE_TRUST_ANCHORS: readonly TrustAnchor[] = []
