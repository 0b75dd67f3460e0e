import { DerError } from '../asn1/der-error.ts'
import { nameValues, parseName } from '../asn1/name.ts'
import { BoundedCache, cacheKey } from './bounded-cache.ts'

const known = new BoundedCache<string | null>(512)
/** A longer name is not kept. */
const MAX_CACHED = 512

/** The only common name of a DER name; undefined where there is none, several, or the name cannot be read. */
export function commonNameOf(name: Uint8Array): string | undefined {
  if (name.length > MAX_CACHED) return readCommonName(name)
  const key = cacheKey(name)
  const cached = known.get(key)
  if (cached !== undefined) return cached ?? undefined
  const commonName = readCommonName(name)
  known.set(key, commonName ?? null)
  return commonName
}

function readCommonName(name: Uint8Array): string | undefined {
  try {
    const values = nameValues(parseName(name), 'CN')
    return values.length === 1 ? values[0] : undefined
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}
