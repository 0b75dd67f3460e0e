/** Which YubiHSM 2 the double is. */
export interface Personality {
  readonly serial: number
  readonly firmware: readonly [number, number, number]
  readonly fips: boolean
  /** Extension .10 of the device certificate, where the device is a FIPS one. */
  readonly fipsCertificate?: number
  /** Page 1 of device info, firmware 2.4 and newer. */
  readonly partNumber?: string
}

/** Serial numbers are made up; firmware versions and what follows from them are those of devices seen. */
export const PERSONALITIES = {
  '2.4': { serial: 39000240, firmware: [2, 4, 0], fips: false, partNumber: 'sandbox' },
  '2.4-fips': { serial: 39000241, firmware: [2, 4, 1], fips: true, fipsCertificate: 6, partNumber: 'sandbox' },
  '2.2-fips': { serial: 39000220, firmware: [2, 2, 0], fips: true, fipsCertificate: 5 },
} as const satisfies Readonly<Record<string, Personality>>

export type PersonalityName = keyof typeof PERSONALITIES

/** True where the firmware is `major.minor.patch` or newer. */
export function atLeast({ firmware }: Personality, major: number, minor: number, patch = 0): boolean {
  const [a, b, c] = firmware
  return a !== major ? a > major : b !== minor ? b > minor : c >= patch
}
