import { DeviceError } from '../device-error.ts'
import { RETURN_CODES, type ReturnCode } from './return-codes.ts'

const VENDOR_DEFINED = 0x80000000
const IN_MESSAGE = /(CKR_\w+):(\d+)/

/** The CK_RV of an error thrown by the addon (`CKR_PIN_INCORRECT:160`, or `code` beside the name), or undefined. */
export function returnCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const inMessage = IN_MESSAGE.exec(error.message)?.[2]
  if (inMessage !== undefined) return Number(inMessage)
  const { code } = error as { code?: unknown }
  return error.message.startsWith('CKR_') && typeof code === 'number' ? code : undefined
}

/** The codes of one vendor, beside the standard's. */
export type VendorReturnCodes = ReadonlyMap<number, ReturnCode>

/** What a CK_RV means. Numbers that neither the standard nor the vendor's table has get a row of their own with the number in it. */
function explainReturnCode(rv: number, vendorCodes?: VendorReturnCodes): ReturnCode {
  const known = RETURN_CODES.get(rv) ?? vendorCodes?.get(rv)
  if (known !== undefined) return known
  const hex = `0x${rv.toString(16)}`
  return {
    name: rv >= VENDOR_DEFINED ? `CKR_VENDOR_DEFINED ${hex}` : `CKR ${hex}`,
    code: 'device.refused',
    cause: `the module answered with the ${rv >= VENDOR_DEFINED ? "vendor's own" : 'unknown'} code ${hex}`,
    remedy: `Look up ${hex} in the vendor's PKCS#11 manual.`,
  }
}

/** `subject` names the device: `token "Signing" (serial 4711)`. */
export function pkcs11Error(
  call: string,
  rv: number,
  subject: string,
  cause?: unknown,
  vendorCodes?: VendorReturnCodes,
): DeviceError {
  const { name, code, cause: why, remedy, transient } = explainReturnCode(rv, vendorCodes)
  return new DeviceError(code, `Could not finish ${call} on ${subject}: ${why}.`, {
    remedy,
    vendorCode: name,
    transient,
    cause,
  })
}
