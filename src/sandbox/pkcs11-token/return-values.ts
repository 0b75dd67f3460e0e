import { NSHIELD_RETURN_CODES } from '../../../devices/nshield/nshield-return-codes.ts'
import { CKR } from '../../../devices/pkcs11/return-codes.ts'

export type ReturnValueName = (typeof CKR)[number][1] | 'CKR_OK' | 'CKR_VENDOR_DEFINED' | 'CKR_FIPS_TOKEN_NOT_PRESENT'

/** CK_RV by name: the standard's, and what an nShield answers in a FIPS world. */
export const RETURN_VALUES = Object.fromEntries<number>([
  ['CKR_OK', 0],
  ['CKR_VENDOR_DEFINED', 0x80000000],
  ...CKR.map(([rv, name]) => [name, rv] as const),
  ...[...NSHIELD_RETURN_CODES].map(([rv, { name }]) => [name, rv] as const),
]) as Readonly<Record<ReturnValueName, number>>

export const isReturnValueName = (text: string): text is ReturnValueName => Object.hasOwn(RETURN_VALUES, text)

/** Thrown inside the token to end a call with this CK_RV. */
export class CryptokiError extends Error {
  override readonly name = 'CryptokiError'
  readonly returnValue: number

  constructor(returnValue: ReturnValueName | number) {
    super(typeof returnValue === 'string' ? returnValue : `CK_RV 0x${returnValue.toString(16)}`)
    this.returnValue = typeof returnValue === 'string' ? RETURN_VALUES[returnValue] : returnValue
  }
}
