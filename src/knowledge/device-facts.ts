import type { HsmType } from '../hsm-type.ts'

/** What is known of a device and a key before the tables are asked. */
export interface DeviceFacts {
  readonly hsmType: HsmType
  readonly firmware?: string
  /** Whether evidence (or the device itself) carries its vendor's mark of the FIPS series. */
  readonly fipsSeries: 'yes' | 'no' | 'unknown'
  /** YUBIKEY, two hexadecimal digits, with the FIPS bit. */
  readonly formFactor?: string
  /** NSHIELD, as the warrant lists them. */
  readonly approvals?: readonly string[]
}
