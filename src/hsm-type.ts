/** The values of Sectigo's `hsmType` (PlaceOrder page, x_hsmType). The same list as `devices/device.ts`, without a driver behind it. */
export const HSM_TYPES = ['YUBIKEY', 'YUBIHSM2', 'LUNA', 'NSHIELD', 'FORTANIX', 'MARVELL_GOOGLE'] as const
export type HsmType = (typeof HSM_TYPES)[number]

export function isHsmType(text: string): text is HsmType {
  return (HSM_TYPES as readonly string[]).includes(text)
}
