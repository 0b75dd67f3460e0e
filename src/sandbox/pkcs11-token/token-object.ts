import type { KeyObject } from 'node:crypto'
import { CKA, CKO } from '../../../devices/pkcs11/pkcs11-constants.ts'
import { ulongFromMemory } from './rpc-bytes.ts'

/** An object of the token. Secret values are in `key` alone and never among the attributes. */
export interface TokenObject {
  readonly handle: bigint
  readonly attributes: Map<number, Uint8Array>
  readonly key?: KeyObject
  /** What the vendor's tool exports for this key. */
  readonly evidence?: Uint8Array
  /** The application and session that a session object ends with; undefined for a token object. */
  readonly owner?: { readonly application: object; readonly session: bigint }
}

/** An object that the token has not taken up yet. */
export type ObjectDraft = Omit<TokenObject, 'handle'>

export function flag(attributes: ReadonlyMap<number, Uint8Array>, type: number): boolean {
  return (attributes.get(type)?.[0] ?? 0) !== 0
}

export function number(attributes: ReadonlyMap<number, Uint8Array>, type: number): bigint | undefined {
  const value = attributes.get(type)
  return value === undefined ? undefined : ulongFromMemory(value)
}

export const objectClass = (object: TokenObject): bigint | undefined => number(object.attributes, CKA.CLASS)
export const isPrivateKey = (object: TokenObject): boolean => objectClass(object) === BigInt(CKO.PRIVATE_KEY)
export const isPublicKey = (object: TokenObject): boolean => objectClass(object) === BigInt(CKO.PUBLIC_KEY)

/** Every attribute of the template is there with the same bytes (PKCS#11 2.40, C_FindObjectsInit). */
export function matches(object: TokenObject, template: ReadonlyMap<number, Uint8Array>): boolean {
  for (const [type, value] of template) {
    const own = object.attributes.get(type)
    if (own === undefined || !Buffer.from(own).equals(value)) return false
  }
  return true
}
