import { sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import type { DigestName } from '../public-numbers.ts'

const DIGESTS = { sha1, sha256, sha384, sha512 } as const

/** The digest of the parts, one after another. */
export function digest(name: DigestName, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = DIGESTS[name].create()
  for (const part of parts) state.update(part)
  return state.digest()
}
