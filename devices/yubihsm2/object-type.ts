/** Object types and origins (developers.yubico.com/YubiHSM2/Concepts/Object.html; python-yubihsm defs.py). */
export const OBJECT_TYPES = {
  opaque: 1,
  'authentication-key': 2,
  'asymmetric-key': 3,
  'wrap-key': 4,
  'hmac-key': 5,
  template: 6,
  'otp-aead-key': 7,
  'symmetric-key': 8,
  'public-wrap-key': 9,
} as const

export type ObjectTypeName = keyof typeof OBJECT_TYPES

/** Flags: `importedWrapped` stands beside one of the other two. */
export const ORIGINS = { generated: 0x01, imported: 0x02, importedWrapped: 0x10 } as const

/** Device options (python-yubihsm defs.py). */
export const OPTIONS = { 'force-audit': 1, 'command-audit': 3, 'algorithm-toggle': 4, 'fips-mode': 5 } as const

export const LABEL_LENGTH = 40

/** How this family writes an object's place: `0x1234`. */
export const formatObjectId = (id: number): string => `0x${id.toString(16).padStart(4, '0')}`

/** The inverse; undefined where the text is no object id. */
export function parseObjectId(text: string): number | undefined {
  const id = /^0x[0-9a-f]{1,4}$/i.test(text) ? Number.parseInt(text.slice(2), 16) : undefined
  return id === undefined || id === 0 || id === 0xffff ? undefined : id
}
