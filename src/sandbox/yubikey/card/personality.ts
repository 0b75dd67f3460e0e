/** What differs from one YubiKey to the next, as data. Sources: yubico-piv-tool lib/ykpiv.h and lib/ykpiv.c, ykman yubikit/piv.py, Yubico's PIV extensions page. */

/** Major, minor, patch. */
export type Firmware = readonly [number, number, number]

export const atLeast = (firmware: Firmware, ...than: Firmware): boolean => {
  for (const [index, part] of than.entries()) {
    const own = firmware[index] ?? 0
    if (own !== part) return own > part
  }
  return true
}

export interface Personality {
  readonly firmware: Firmware
  /** Answer to reset, hex. */
  readonly atr: string
  /** 1 USB-A keychain … 7 USB-C Bio; 0x80 added for the FIPS series. Firmware 4 does not attest it. */
  readonly formFactor: number
  /** Refuses RSA 1024, and a PIN policy of "never". */
  readonly fips: boolean
  /** Algorithm of the management key as it leaves the factory: 3 TDES, 0x0a AES-192 (firmware 5.7 and later). */
  readonly managementAlgorithm: number
  /** Which hierarchy signed F9: the legacy PIV root, or the 2024 root with intermediates that are not on the device (5.7.4 and later). */
  readonly hierarchy: 'legacy' | 'root-1'
}

const ATR_YUBIKEY_4 = '3bf81300008131fe15597562696b657934d4'
const ATR_YUBIKEY_5 = '3bfd1300008131fe158073c021c057597562694b657940'
const TDES = 0x03
const AES_192 = 0x0a

const LEGACY = { fips: false, managementAlgorithm: TDES, hierarchy: 'legacy' } as const

export const PERSONALITIES = {
  'yubikey-4.3.5': { ...LEGACY, firmware: [4, 3, 5], atr: ATR_YUBIKEY_4, formFactor: 1 },
  /** RSA keys generated on it are weak (ROCA), whatever the attestation says. */
  'yubikey-4.3.4': { ...LEGACY, firmware: [4, 3, 4], atr: ATR_YUBIKEY_4, formFactor: 1 },
  'yubikey-5.4.3': { ...LEGACY, firmware: [5, 4, 3], atr: ATR_YUBIKEY_5, formFactor: 3 },
  'yubikey-5.4.3-fips': { ...LEGACY, fips: true, firmware: [5, 4, 3], atr: ATR_YUBIKEY_5, formFactor: 0x81 },
  'yubikey-5.7.4': {
    firmware: [5, 7, 4],
    atr: ATR_YUBIKEY_5,
    formFactor: 3,
    fips: false,
    managementAlgorithm: AES_192,
    hierarchy: 'root-1',
  },
} as const satisfies Readonly<Record<string, Personality>>

export type PersonalityName = keyof typeof PERSONALITIES
