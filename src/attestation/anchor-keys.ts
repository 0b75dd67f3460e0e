import type { HsmType } from '../hsm-type.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'

/** An anchor with its base64 decoded once. */
export interface AnchorKey {
  readonly anchor: TrustAnchor
  readonly spki: Uint8Array
  /** Name, DER; undefined for a bare key. */
  readonly subject: Uint8Array | undefined
}

const decoded = new WeakMap<TrustAnchor, AnchorKey>()

export function anchorKey(anchor: TrustAnchor): AnchorKey {
  const known = decoded.get(anchor)
  if (known !== undefined) return known
  const key: AnchorKey = {
    anchor,
    spki: Buffer.from(anchor.spki, 'base64'),
    subject: anchor.subject === undefined ? undefined : Buffer.from(anchor.subject, 'base64'),
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

const DAY = 86_400_000

/** An anchor is good up to the end of its last day. A bare key has no end. */
export function anchorHolds(anchor: TrustAnchor, now: number): boolean {
  const from = anchor.notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(anchor.notBefore)
  const to = anchor.notAfter === undefined ? Number.POSITIVE_INFINITY : Date.parse(anchor.notAfter) + DAY
  return now >= from && now < to
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0
