import type { ReturnCode } from './return-code.ts'
import { DEVICE_RETURN_CODES } from './return-codes-device.ts'
import { KEY_RETURN_CODES } from './return-codes-key.ts'
import { LOGIN_RETURN_CODES } from './return-codes-login.ts'

/** Every CK_RV of the standard by its number; a vendor's own numbers mean something else with every vendor. */
export const RETURN_CODES: ReadonlyMap<number, ReturnCode> = new Map([
  ...DEVICE_RETURN_CODES,
  ...KEY_RETURN_CODES,
  ...LOGIN_RETURN_CODES,
])
