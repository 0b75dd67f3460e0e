/** A token with nothing of a vendor in it: two slots, every standard mechanism of the family, no evidence. */
import type { Personality, SlotDefinition, TokenDefinition } from '../personality.ts'
import { standardMechanisms } from './standard-mechanisms.ts'

export interface PlainSettings {
  readonly userPin?: string | null
  readonly maxPinFailures?: number
  readonly userPinExpired?: boolean
  readonly protectedAuthenticationPath?: boolean
  readonly initialized?: boolean
  readonly writeProtected?: boolean
  readonly ecPoint?: 'wrapped' | 'bare'
  /** Further tokens with the same label and other serials. */
  readonly twins?: number
  /** All tokens tell none, as opencryptoki's and tpm2-pkcs11's may. */
  readonly withoutSerial?: boolean
  readonly reusedHandles?: boolean
  readonly oneSubjectPerLabel?: boolean
}

export const PLAIN_PIN = 'plain-1234'
export const PLAIN_SO_PIN = 'plain-so-1234'

export function plainPersonality(settings: PlainSettings = {}): Personality {
  const token = (serial: string): TokenDefinition => ({
    label: 'Plain token',
    manufacturer: 'hsm-enroll',
    model: 'Virtual token',
    serial: settings.withoutSerial ? '' : serial,
    hardwareVersion: [1, 0],
    firmwareVersion: [1, 0],
    loginRequired: true,
    protectedAuthenticationPath: settings.protectedAuthenticationPath ?? false,
    pinLength: { min: 4, max: 64 },
    userPin: settings.userPin === null ? undefined : (settings.userPin ?? PLAIN_PIN),
    userPinExpired: settings.userPinExpired ?? false,
    soPin: PLAIN_SO_PIN,
    maxPinFailures: settings.maxPinFailures ?? 3,
    initialized: settings.initialized ?? true,
    writeProtected: settings.writeProtected ?? false,
    mechanisms: standardMechanisms,
    ecPoint: settings.ecPoint ?? 'wrapped',
    reusedHandles: settings.reusedHandles ?? false,
    oneSubjectPerLabel: settings.oneSubjectPerLabel ?? false,
  })
  const slots = Array.from(
    { length: 1 + (settings.twins ?? 0) },
    (_, index): SlotDefinition => ({
      id: BigInt(index),
      description: `Virtual slot ${index}`,
      manufacturer: 'hsm-enroll',
      removable: true,
      token: token(String(1001 + index)),
    }),
  )
  return {
    libraryManufacturer: 'hsm-enroll',
    libraryDescription: 'Virtual PKCS#11 token',
    libraryVersion: [1, 0],
    slots,
    trustAnchors: [],
  }
}
