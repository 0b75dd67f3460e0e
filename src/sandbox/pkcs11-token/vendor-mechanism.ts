/**
 * p11-kit-client.so lets only the mechanisms of its own list pass, so a vendor mechanism cannot reach the token. A caller
 * that wants one sends CKM_KEA_KEY_PAIR_GEN, which no token of today makes keys with, and puts the true number into a
 * private attribute of the public template (`test/pkcs11-token/vendor-mechanism-shim.ts` does so for pkcs11js).
 */
import { CKM } from '../../../devices/pkcs11/pkcs11-constants.ts'
import { CryptokiError } from './return-values.ts'
import { ulongFromMemory } from './rpc-bytes.ts'

export const CARRIER_MECHANISM = CKM.KEA_KEY_PAIR_GEN
/** 8 bytes: the true CK_MECHANISM_TYPE in memory order. */
export const TRUE_MECHANISM_ATTRIBUTE = 0x8000fff0

/** The mechanism that the caller means; takes the private attribute out of the template. */
export function trueMechanism(mechanism: number, publicTemplate: Map<number, Uint8Array>): number {
  const carried = publicTemplate.get(TRUE_MECHANISM_ATTRIBUTE)
  if (mechanism !== CARRIER_MECHANISM || carried === undefined) return mechanism
  publicTemplate.delete(TRUE_MECHANISM_ATTRIBUTE)
  if (carried.length !== 8) throw new CryptokiError('CKR_ATTRIBUTE_VALUE_INVALID')
  return Number(ulongFromMemory(carried))
}
