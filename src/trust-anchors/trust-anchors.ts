import type { HsmType } from '../hsm-type.ts'
import { FORTANIX_TRUST_ANCHORS } from './fortanix.ts'
import { LUNA_TRUST_ANCHORS } from './luna.ts'
import { MARVELL_GOOGLE_TRUST_ANCHORS } from './marvell-google.ts'
import { NSHIELD_TRUST_ANCHORS } from './nshield.ts'
import type { TrustAnchor } from './trust-anchor.ts'
import { YUBICO_TRUST_ANCHORS } from './yubico.ts'

/** Every anchor this program comes with. */
export const BUILT_IN_TRUST_ANCHORS: readonly TrustAnchor[] = [
  ...YUBICO_TRUST_ANCHORS,
  ...LUNA_TRUST_ANCHORS,
  ...NSHIELD_TRUST_ANCHORS,
  ...FORTANIX_TRUST_ANCHORS,
  ...MARVELL_GOOGLE_TRUST_ANCHORS,
]

/**
 * The vendors' root keys that hsm-enroll comes with, of one family or of all.
 *
 * @throws Nothing.
 * @example
 * ```ts
 * console.log(builtInTrustAnchors('LUNA').map(({ name }) => name))
 * ```
 */
export function builtInTrustAnchors(hsmType?: HsmType): readonly TrustAnchor[] {
  return hsmType === undefined
    ? BUILT_IN_TRUST_ANCHORS
    : BUILT_IN_TRUST_ANCHORS.filter((anchor) => anchor.hsmTypes.includes(hsmType))
}

const DAY = 86_400_000
/** Days before its end from which an anchor is warned of. */
const EXPIRY_WARNING_DAYS = 180

/** How a trust anchor stands on a day. */
export interface TrustAnchorExpiry {
  readonly status: 'current' | 'ends-soon' | 'ended' | 'not-yet'
  /** Whole days left, negative after the end; absent for a bare key. */
  readonly daysLeft?: number
}

/**
 * How an anchor stands at `now` (milliseconds since 1970). It is good up to the end of its last day, and `ends-soon` for 180 days before.
 *
 * @throws Nothing.
 * @example
 * ```ts
 * const ending = builtInTrustAnchors().filter((anchor) => trustAnchorExpiry(anchor, Date.now()).status !== 'current')
 * ```
 */
export function trustAnchorExpiry(anchor: TrustAnchor, now: number): TrustAnchorExpiry {
  if (anchor.notBefore !== undefined && now < Date.parse(anchor.notBefore)) return { status: 'not-yet' }
  if (anchor.notAfter === undefined) return { status: 'current' }
  const left = Date.parse(anchor.notAfter) + DAY - now
  const daysLeft = Math.floor(left / DAY)
  if (left <= 0) return { status: 'ended', daysLeft }
  return { status: daysLeft < EXPIRY_WARNING_DAYS ? 'ends-soon' : 'current', daysLeft }
}
