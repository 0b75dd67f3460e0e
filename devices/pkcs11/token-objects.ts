import type { KeyAttributes } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import type { Attribute } from './key-template.ts'
import { CKA, CKO, hex32 } from './pkcs11-constants.ts'
import type { PublicKeyAttributes } from './public-key.ts'
import type { TokenSession } from './token-session.ts'

const MAX_OBJECTS = 4096
const MAX_VALUE_BYTES = 1 << 20

const ATTRIBUTE_NAMES = new Map<number, string>(Object.entries(CKA).map(([name, value]) => [value, `CKA_${name}`]))
export const attributeName = (type: number): string => ATTRIBUTE_NAMES.get(type) ?? `attribute ${hex32(type)}`

/** All objects that match; the search is always closed. `what` is for the trace. */
export function findObjects(session: TokenSession, template: readonly Attribute[], what: string): readonly Buffer[] {
  const { cryptoki, handle } = session
  cryptoki.run('C_FindObjectsInit', what, (library) => library.C_FindObjectsInit(handle, mutable(template)))
  const close = (): void =>
    cryptoki.run('C_FindObjectsFinal', undefined, (library) => library.C_FindObjectsFinal(handle))
  const found: Buffer[] = []
  try {
    while (found.length < MAX_OBJECTS) {
      const some = cryptoki.run('C_FindObjects', undefined, (library) => library.C_FindObjects(handle, 64))
      if (some.length === 0) break
      found.push(...some)
    }
  } catch (error) {
    try {
      close()
    } catch {
      // What went wrong first says more.
    }
    throw error
  }
  close()
  return found
}

/** The addon wants arrays of its own, and writes into them. */
export const mutable = (template: readonly Attribute[]): { type: number; value: number | boolean | Buffer }[] =>
  template.map(({ type, value }) => ({ type, value }))

/** The attribute's bytes; undefined where the token does not know it, keeps it to itself, or gives none. */
export function readAttribute(session: TokenSession, object: Buffer, type: number): Buffer | undefined {
  return readAttributes(session, object, [type]).get(type)
}

/** Codes with which a token says "not this attribute"; everything else is an error. */
const NOT_THIS = new Set(['CKR_ATTRIBUTE_TYPE_INVALID', 'CKR_ATTRIBUTE_SENSITIVE'])

/** Several at once; one by one where the token does not know one of them (the standard lets it refuse the whole call). */
export function readAttributes(
  session: TokenSession,
  object: Buffer,
  types: readonly number[],
): ReadonlyMap<number, Buffer> {
  const { cryptoki, handle } = session
  const names = types.map(attributeName).join(', ')
  try {
    const answer = cryptoki.run('C_GetAttributeValue', names, (library) =>
      library.C_GetAttributeValue(
        handle,
        object,
        types.map((type) => ({ type })),
      ),
    )
    const values = new Map<number, Buffer>()
    for (const { type, value } of answer) {
      if (Buffer.isBuffer(value) && value.length <= MAX_VALUE_BYTES) {
        values.set(type, value)
      }
    }
    return values
  } catch (error) {
    if (!(error instanceof DeviceError) || !NOT_THIS.has(error.vendorCode ?? '')) throw error
    if (types.length === 1) return new Map()
    return new Map(types.flatMap((type) => [...readAttributes(session, object, [type])]))
  }
}

const asBoolean = (value: Buffer | undefined): boolean | undefined =>
  value === undefined || value.length === 0 ? undefined : value[0] !== 0

const CLAIMS = {
  local: CKA.LOCAL,
  sensitive: CKA.SENSITIVE,
  alwaysSensitive: CKA.ALWAYS_SENSITIVE,
  extractable: CKA.EXTRACTABLE,
  neverExtractable: CKA.NEVER_EXTRACTABLE,
} as const

/** What the token says of a private key. Never proof. */
export function readKeyAttributes(session: TokenSession, privateKey: Buffer): KeyAttributes {
  const values = readAttributes(session, privateKey, Object.values(CLAIMS))
  const claims: { -readonly [Name in keyof KeyAttributes]: KeyAttributes[Name] } = {}
  for (const [name, type] of Object.entries(CLAIMS) as [keyof typeof CLAIMS, number][]) {
    const value = asBoolean(values.get(type))
    if (value !== undefined) claims[name] = value
  }
  return claims
}

export function readPublicKeyAttributes(
  session: TokenSession,
  object: Buffer,
  kind: 'RSA' | 'EC',
): PublicKeyAttributes {
  if (kind === 'RSA') {
    const values = readAttributes(session, object, [CKA.MODULUS, CKA.PUBLIC_EXPONENT])
    return { modulus: values.get(CKA.MODULUS), publicExponent: values.get(CKA.PUBLIC_EXPONENT) }
  }
  const values = readAttributes(session, object, [CKA.EC_PARAMS, CKA.EC_POINT])
  return { ecParams: values.get(CKA.EC_PARAMS), ecPoint: values.get(CKA.EC_POINT) }
}

export const classTemplate = (objectClass: keyof typeof CKO): Attribute => ({
  type: CKA.CLASS,
  value: CKO[objectClass],
})
