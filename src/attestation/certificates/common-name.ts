import { ifReadable } from '../../asn1/der-error.ts'
import { nameValues, parseName } from '../../asn1/name.ts'
import { OctetMemory } from '../../asn1/octet-memory.ts'

const known = new OctetMemory<string | undefined>(256, 512)

/** The only common name of a DER name; undefined where there is none, several, or the name cannot be read. */
export const commonNameOf = (name: Uint8Array): string | undefined => known.get(name, 0, name.length, readCommonName)

function readCommonName(name: Uint8Array): string | undefined {
  const values = nameValues(ifReadable(() => parseName(name)) ?? [], 'CN')
  return values.length === 1 ? values[0] : undefined
}
