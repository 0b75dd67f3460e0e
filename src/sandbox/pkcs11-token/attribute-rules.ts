/** Which attributes an object may have, what they are by default, and which may change. PKCS#11 2.40, section 4. */
import { CKA, CKO } from '../../../devices/pkcs11/pkcs11-constants.ts'
import { CryptokiError } from './return-values.ts'
import { ulongToMemory } from './rpc-bytes.ts'
import type { Attribute } from './rpc-values.ts'

export type AttributeMap = Map<number, Uint8Array>

export const yes = Uint8Array.of(1)
export const no = Uint8Array.of(0)
const empty = new Uint8Array()

const STORAGE: ReadonlyMap<number, Uint8Array> = new Map([
  [CKA.TOKEN, no],
  [CKA.PRIVATE, no],
  [CKA.MODIFIABLE, yes],
  [CKA.COPYABLE, yes],
  [CKA.DESTROYABLE, yes],
  [CKA.LABEL, empty],
])

const KEY: ReadonlyMap<number, Uint8Array> = new Map([
  [CKA.ID, empty],
  [CKA.START_DATE, empty],
  [CKA.END_DATE, empty],
  [CKA.DERIVE, no],
  [CKA.SUBJECT, empty],
  [CKA.ALLOWED_MECHANISMS, empty],
])

/** Defaults of each class; what is listed nowhere must be in the template or does not exist. */
const DEFAULTS: ReadonlyMap<number, ReadonlyMap<number, Uint8Array>> = new Map([
  [
    CKO.PUBLIC_KEY,
    new Map([
      ...STORAGE,
      ...KEY,
      [CKA.ENCRYPT, no],
      [CKA.VERIFY, yes],
      [CKA.VERIFY_RECOVER, no],
      [CKA.WRAP, no],
      [CKA.TRUSTED, no],
    ]),
  ],
  [
    CKO.PRIVATE_KEY,
    new Map([
      ...STORAGE,
      ...KEY,
      [CKA.PRIVATE, yes],
      [CKA.SENSITIVE, yes],
      [CKA.EXTRACTABLE, no],
      [CKA.DECRYPT, no],
      [CKA.SIGN, yes],
      [CKA.SIGN_RECOVER, no],
      [CKA.UNWRAP, no],
      [CKA.WRAP_WITH_TRUSTED, no],
      [CKA.ALWAYS_AUTHENTICATE, no],
    ]),
  ],
  [
    CKO.CERTIFICATE,
    new Map([
      ...STORAGE,
      [CKA.TRUSTED, no],
      [CKA.CERTIFICATE_CATEGORY, ulongToMemory(0)],
      [CKA.ID, empty],
      [CKA.ISSUER, empty],
      [CKA.SERIAL_NUMBER, empty],
      [CKA.START_DATE, empty],
      [CKA.END_DATE, empty],
      [CKA.CHECK_VALUE, empty],
      [CKA.URL, empty],
      [CKA.HASH_OF_SUBJECT_PUBLIC_KEY, empty],
      [CKA.HASH_OF_ISSUER_PUBLIC_KEY, empty],
    ]),
  ],
  [CKO.DATA, new Map([...STORAGE, [CKA.APPLICATION, empty], [CKA.OBJECT_ID, empty], [CKA.VALUE, empty]])],
])

/** Only the token sets these. */
const COMPUTED: ReadonlySet<number> = new Set([
  CKA.LOCAL,
  CKA.ALWAYS_SENSITIVE,
  CKA.NEVER_EXTRACTABLE,
  CKA.KEY_GEN_MECHANISM,
])

/** May be set by C_SetAttributeValue. */
const CHANGEABLE: ReadonlySet<number> = new Set([
  CKA.LABEL,
  CKA.ID,
  CKA.SUBJECT,
  CKA.ISSUER,
  CKA.SERIAL_NUMBER,
  CKA.START_DATE,
  CKA.END_DATE,
  CKA.DERIVE,
  CKA.ENCRYPT,
  CKA.VERIFY,
  CKA.VERIFY_RECOVER,
  CKA.WRAP,
  CKA.DECRYPT,
  CKA.SIGN,
  CKA.SIGN_RECOVER,
  CKA.UNWRAP,
])

/** Change in one direction only: to this value. */
const ONE_WAY: ReadonlyMap<number, number> = new Map([
  [CKA.SENSITIVE, 1],
  [CKA.EXTRACTABLE, 0],
  [CKA.WRAP_WITH_TRUSTED, 1],
  [CKA.COPYABLE, 0],
])

const BOOLEANS: ReadonlySet<number> = new Set([
  ...[CKA.TOKEN, CKA.PRIVATE, CKA.MODIFIABLE, CKA.COPYABLE, CKA.DESTROYABLE, CKA.TRUSTED, CKA.SENSITIVE],
  ...[CKA.ENCRYPT, CKA.DECRYPT, CKA.WRAP, CKA.UNWRAP, CKA.SIGN, CKA.SIGN_RECOVER, CKA.VERIFY, CKA.VERIFY_RECOVER],
  ...[CKA.DERIVE, CKA.EXTRACTABLE, CKA.ALWAYS_AUTHENTICATE, CKA.WRAP_WITH_TRUSTED, CKA.LOCAL],
])
const ULONGS: ReadonlySet<number> = new Set([
  ...[CKA.CLASS, CKA.KEY_TYPE, CKA.CERTIFICATE_TYPE, CKA.CERTIFICATE_CATEGORY, CKA.MODULUS_BITS],
])
const DATES: ReadonlySet<number> = new Set([CKA.START_DATE, CKA.END_DATE])

/** A template as a map. Throws CKR_TEMPLATE_INCONSISTENT for a type given twice, CKR_ATTRIBUTE_VALUE_INVALID for a value of the wrong size. */
export function readTemplate(template: readonly Attribute[]): AttributeMap {
  const map: AttributeMap = new Map()
  for (const { type, length, value, nested } of template) {
    if (nested !== undefined) throw new CryptokiError('CKR_ATTRIBUTE_TYPE_INVALID')
    if (map.has(type)) throw new CryptokiError('CKR_TEMPLATE_INCONSISTENT')
    if (length === undefined || (value === null && length > 0)) throw new CryptokiError('CKR_ATTRIBUTE_VALUE_INVALID')
    map.set(type, canonical(type, value ?? empty))
  }
  return map
}

function canonical(type: number, value: Uint8Array): Uint8Array {
  const bad =
    (BOOLEANS.has(type) && value.length !== 1) ||
    (ULONGS.has(type) && value.length !== 8) ||
    (DATES.has(type) && value.length !== 0 && value.length !== 8)
  if (bad) throw new CryptokiError('CKR_ATTRIBUTE_VALUE_INVALID')
  return BOOLEANS.has(type) ? Uint8Array.of(value[0] === 0 ? 0 : 1) : value
}

/**
 * The defaults of the class overlaid with the template. `allowed` are the further types this object may be given.
 * Throws CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_TYPE_INVALID.
 */
export function initialAttributes(
  objectClass: number,
  template: ReadonlyMap<number, Uint8Array>,
  allowed: readonly number[],
): AttributeMap {
  const defaults = DEFAULTS.get(objectClass) ?? STORAGE
  const attributes: AttributeMap = new Map(defaults)
  for (const [type, value] of template) {
    if (COMPUTED.has(type)) throw new CryptokiError('CKR_ATTRIBUTE_READ_ONLY')
    if (!defaults.has(type) && !allowed.includes(type)) throw new CryptokiError('CKR_ATTRIBUTE_TYPE_INVALID')
    attributes.set(type, value)
  }
  return attributes
}

/** C_SetAttributeValue: all of the template or, with an error, nothing. */
export function changeAttributes(attributes: AttributeMap, template: ReadonlyMap<number, Uint8Array>): void {
  if (attributes.get(CKA.MODIFIABLE)?.[0] === 0) throw new CryptokiError('CKR_ACTION_PROHIBITED')
  for (const [type, value] of template) {
    const old = attributes.get(type)
    if (old === undefined) throw new CryptokiError('CKR_ATTRIBUTE_TYPE_INVALID')
    const only = ONE_WAY.get(type)
    const unchanged = Buffer.from(old).equals(value)
    if (only === undefined ? !CHANGEABLE.has(type) : !unchanged && value[0] !== only) {
      throw new CryptokiError('CKR_ATTRIBUTE_READ_ONLY')
    }
  }
  for (const [type, value] of template) attributes.set(type, value)
}

/** The values that a sensitive or non-extractable private key never reveals. */
export const SECRET_ATTRIBUTES: ReadonlySet<number> = new Set([
  ...[CKA.VALUE, CKA.PRIVATE_EXPONENT, CKA.PRIME_1, CKA.PRIME_2, CKA.EXPONENT_1, CKA.EXPONENT_2, CKA.COEFFICIENT],
])
