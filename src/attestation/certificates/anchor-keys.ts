import type { HsmType } from '../../hsm-type.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { keptKey } from './shared-keys.ts'

/** An anchor with its base64 decoded once. */
export interface AnchorKey {
  readonly anchor: TrustAnchor
  readonly spki: Uint8Array
  /** Name, DER; undefined for a bare key. */
  readonly subject: Uint8Array | undefined
  /** Milliseconds since 1970: good from the first and before the second. A bare key has no bounds. */
  readonly from: number
  readonly until: number
}

const DAY = 86_400_000
const decoded = new WeakMap<TrustAnchor, AnchorKey>()

export function anchorKey(anchor: TrustAnchor): AnchorKey {
  const known = decoded.get(anchor)
  if (known !== undefined) return known
  const key: AnchorKey = {
    anchor,
    spki: keptKey(Buffer.from(anchor.spki, 'base64')),
    subject: anchor.subject === undefined ? undefined : Buffer.from(anchor.subject, 'base64'),
    from: anchor.notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(anchor.notBefore),
    until: anchor.notAfter === undefined ? Number.POSITIVE_INFINITY : Date.parse(anchor.notAfter) + DAY,
  }
  decoded.set(anchor, key)
  return key
}

const lists = new WeakMap<readonly TrustAnchor[], Map<HsmType, readonly AnchorKey[]>>()

/** The anchors of a context that may vouch for this family, decoded. The same list gives the same answer without work. */
export function anchorsFor(hsmType: HsmType, anchors: readonly TrustAnchor[]): readonly AnchorKey[] {
  let families = lists.get(anchors)
  if (families === undefined) {
    families = new Map()
    lists.set(anchors, families)
  }
  const known = families.get(hsmType)
  if (known !== undefined) return known
  const keys = anchors.filter((anchor) => anchor.hsmTypes.includes(hsmType)).map(anchorKey)
  families.set(hsmType, keys)
  return keys
}

/** An anchor is good up to the end of its last day. A bare key has no end. */
export function anchorHolds(anchor: TrustAnchor, now: number): boolean {
  const { from, until } = anchorKey(anchor)
  return now >= from && now < until
}
