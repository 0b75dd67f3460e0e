import { CKF } from './pkcs11-constants.ts'

/** CK_TOKEN_INFO and CK_SLOT_INFO of one slot, blanks trimmed. */
export interface TokenDescription {
  readonly slotId: number
  readonly slotDescription: string
  readonly label: string
  readonly manufacturer: string
  readonly model: string
  readonly serial: string
  readonly flags: number
  /** Bytes; 0 and very large values mean that the token does not tell. */
  readonly minPinLength: number
  readonly maxPinLength: number
  /** Bytes left for keys (private objects) and for certificates (public ones); absent where the token does not tell. */
  readonly freeMemory?: { readonly private?: number; readonly public?: number }
  /** `major.minor` as the token tells; vendors pack them in their own way. */
  readonly hardwareVersion: string
  readonly firmware: { readonly major: number; readonly minor: number }
}

export const hasFlag = (token: TokenDescription, flag: keyof typeof CKF): boolean => (token.flags & CKF[flag]) !== 0

/** As CK_TOKEN_INFO writes it. */
export const plainFirmware = ({ firmware }: TokenDescription): string => `${firmware.major}.${firmware.minor}`

/** `token "Signing" (serial 4711)`: how every message names a token. */
export function tokenName(token: TokenDescription): string {
  const label = token.label === '' ? `token in slot ${token.slotId}` : `token "${safeLabel(token.label)}"`
  return token.serial === '' ? label : `${label} (serial ${safeLabel(token.serial)})`
}

/** Labels come from a device: control characters must not reach a terminal. */
const safeLabel = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\ufffd]/gu, '?').slice(0, 64)
