import { digest } from '../../primitives/primitives.ts'
import { BoundedCache, cacheKey } from '../package/bounded-cache.ts'
import type { SignatureScheme } from './signature-algorithm.ts'
import { verifySignature } from './verify-signature.ts'

const outcomes = new BoundedCache<boolean>(512)

/**
 * `verifySignature` for what many packages share and is no certificate (a module's warrant and state): each is verified once. The key
 * of the memory is a digest over everything that goes in; it knows nothing of dates, anchors or policy.
 */
export function verifyRemembered(
  scheme: SignatureScheme,
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const described = `${scheme.key} ${scheme.hash} ${scheme.encoding} ${spki.length} ${signature.length} `
  const key = cacheKey(digest('sha256', Buffer.from(described), spki, signature, data))
  const known = outcomes.get(key)
  if (known !== undefined) return known
  const outcome = verifySignature(scheme, spki, data, signature)
  outcomes.set(key, outcome)
  return outcome
}
