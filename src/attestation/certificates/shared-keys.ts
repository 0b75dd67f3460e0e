import { type PublicKey, readablePublicKey } from '../../asn1/public-key.ts'
import { BoundedCache, cacheKey } from '../package/bounded-cache.ts'
import { SeenBefore } from '../package/seen-before.ts'

/** A longer SubjectPublicKeyInfo is not kept: no issuer's is. */
const MAX_KEPT = 2048

const seen = new SeenBefore()
const arrays = new BoundedCache<Uint8Array>(512)
const shared = new WeakSet<Uint8Array>()

/**
 * The same key (SubjectPublicKeyInfo), as one array for all packages that it comes with from its second time on: what is found out of
 * it is found out once, by that array. Looked up by its octets once a package; each of its readers doing so would cost 3 µs of the pair's.
 */
export function sharedKey(spki: Uint8Array): Uint8Array {
  if (spki.length > MAX_KEPT) return spki
  const octets = cacheKey(spki)
  const known = arrays.get(octets)
  if (known !== undefined) return known
  if (!seen.again(spki)) return spki
  const own = keptKey(spki)
  arrays.set(octets, own)
  return own
}

/** For a key that is kept as long as its owner, as an anchor's is. Nobody may write to it. */
export function keptKey(spki: Uint8Array): Uint8Array {
  const own = Uint8Array.from(spki)
  shared.add(own)
  return own
}

/** Will this array come again? */
export const isShared = (spki: Uint8Array): boolean => shared.has(spki)

/** What `find` finds out of an issuer's key: kept for shared keys; of others, for the last one, which several rules ask of. */
export function ofIssuerKey<Value>(find: (spki: Uint8Array) => Value): (spki: Uint8Array) => Value {
  const known = new WeakMap<Uint8Array, { readonly value: Value }>()
  let last: { readonly spki: Uint8Array; readonly value: Value } | undefined
  return (spki) => {
    if (last?.spki === spki) return last.value
    const kept = known.get(spki)
    const value = kept === undefined ? find(spki) : kept.value
    if (kept === undefined && isShared(spki)) known.set(spki, { value })
    last = { spki, value }
    return value
  }
}

/** An issuer's key, read; undefined where it is malformed. */
export const issuerPublicKey: (spki: Uint8Array) => PublicKey | undefined = ofIssuerKey(readablePublicKey)
