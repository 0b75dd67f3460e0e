import type { Layer } from '../layer.ts'
import { refuseKeysIn } from './json.ts'
import { unwrapAsFamily } from './unwrap-as-family.ts'

const BRACE = 0x7b

/** Evidence that is no certificates, as the vendors' programs write it: each family knows its own. */
export const familyLayer: Layer<Uint8Array> = (bytes) => {
  const json = bytes[0] === BRACE ? parse(bytes) : undefined
  const found =
    unwrapAsFamily({ kind: 'bytes', bytes }) ??
    (json === undefined ? undefined : unwrapAsFamily({ kind: 'json', value: json.value }))
  if (found === undefined) return undefined
  if (json !== undefined) refuseKeysIn(json.value)
  const { note, ...item } = found
  return { items: [{ kind: 'package', ...item }], ...(note === undefined ? {} : { note }) }
}

function parse(bytes: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(Buffer.from(bytes).toString('utf8')) }
  } catch {
    // Text that only begins like JSON.
    return undefined
  }
}
