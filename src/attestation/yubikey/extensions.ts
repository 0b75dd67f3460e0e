import type { Certificate } from '../../asn1/certificate.ts'
import { readDer } from '../../asn1/der.ts'
import { DerError } from '../../asn1/der-error.ts'
import { readSmallInteger } from '../../asn1/der-values.ts'
import { OctetMemory } from '../../asn1/octet-memory.ts'
import { commonNameOf } from '../certificates/common-name.ts'

/** Yubico's arc for PIV attestation (docs.yubico.com/hardware/oid/oid-product-arc.html). */
export const YUBIKEY_OID = {
  /** In a CSR: the leaf, from yubico-piv-tool 2.7.2 on. */
  csrLeaf: '1.3.6.1.4.1.41482.3.1',
  /** In a CSR: the F9 certificate. */
  csrF9: '1.3.6.1.4.1.41482.3.2',
  firmware: '1.3.6.1.4.1.41482.3.3',
  serial: '1.3.6.1.4.1.41482.3.7',
  policy: '1.3.6.1.4.1.41482.3.8',
  formFactor: '1.3.6.1.4.1.41482.3.9',
  fips: '1.3.6.1.4.1.41482.3.10',
  /** CSPN in F9; in a CSR the leaf, up to yubico-piv-tool 2.7.1: look at the content. */
  cspn: '1.3.6.1.4.1.41482.3.11',
} as const

/** developers.yubico.com/PIV/Introduction/PIV_attestation.html; 4 and 5 are the Bio series'. */
const PIN_POLICIES: Readonly<Record<number, string>> = {
  1: 'never',
  2: 'once',
  3: 'always',
  4: 'match-once',
  5: 'match-always',
}
const TOUCH_POLICIES: Readonly<Record<number, string>> = { 1: 'never', 2: 'always', 3: 'cached' }

const FORM_FACTORS: Readonly<Record<number, string>> = {
  1: 'USB-A keychain',
  2: 'USB-A nano',
  3: 'USB-C keychain',
  4: 'USB-C nano',
  5: 'USB-C and Lightning',
  6: 'USB-A Bio',
  7: 'USB-C Bio',
}
const FIPS_SERIES = 0x80

/** Value of an extension that cannot be read as the vendor writes it. */
export type Unreadable = 'unreadable'

/** Three raw octets, not DER: `5.4.3`. Undefined where absent. */
export function firmwareOf(certificate: Certificate): string | Unreadable | undefined {
  const value = certificate.extensions.get(YUBIKEY_OID.firmware)?.value
  return value && firmwares.get(value, 0, value.length, writeFirmware)
}

const writeFirmware = (value: Uint8Array): string =>
  value.length === 3 ? `${value[0]}.${value[1]}.${value[2]}` : 'unreadable'

/** Devices of a batch have one, and the tables are asked for it some twenty times: the same text is found quicker. */
const firmwares = new OctetMemory<string>(64, 3)

const SERIAL_LIMITS = { maxSize: 8 } as const

/** A DER INTEGER, non-negative, at most 32 bits. Absent where the serial number is not visible (seen on 4.3.7). */
export function serialOf(certificate: Certificate): string | Unreadable | undefined {
  const value = certificate.extensions.get(YUBIKEY_OID.serial)?.value
  if (value === undefined) return undefined
  try {
    const serial = readSmallInteger(readDer(value, SERIAL_LIMITS), 'serial')
    return serial <= 0xffffffff ? serial.toString() : 'unreadable'
  } catch (error) {
    if (error instanceof DerError) return 'unreadable'
    throw error
  }
}

export interface KeyPolicies {
  readonly pin: string
  readonly touch: string
}

/** Two raw octets: PIN policy, touch policy. */
export function policiesOf(certificate: Certificate): KeyPolicies | Unreadable | undefined {
  const value = certificate.extensions.get(YUBIKEY_OID.policy)?.value
  if (value === undefined) return undefined
  const pin = PIN_POLICIES[value[0] ?? 0]
  const touch = TOUCH_POLICIES[value[1] ?? 0]
  return value.length === 2 && pin !== undefined && touch !== undefined ? { pin, touch } : 'unreadable'
}

/** One raw octet. */
export function formFactorOf(certificate: Certificate): number | Unreadable | undefined {
  const value = certificate.extensions.get(YUBIKEY_OID.formFactor)?.value
  if (value === undefined) return undefined
  return value.length === 1 ? (value[0] ?? 0) : 'unreadable'
}

export const isFipsSeries = (formFactor: number): boolean => (formFactor & FIPS_SERIES) !== 0

export const describeFormFactor = (formFactor: number): string | undefined => FORM_FACTORS[formFactor & 0x3f]

const LEAF_NAME = /^YubiKey PIV Attestation ([0-9a-f]{2})$/
const F9_NAME = /^Yubi(?:co|Key) PIV Attestation$/

/** The slot a leaf was made for (`9c`), or undefined where the subject is none of a leaf. It is the slot at attest time; F9 itself attests, and is not attested. */
export const slotOf = ({ subject }: Certificate): string | undefined =>
  slots.get(subject, 0, subject.length, slotInName)

function slotInName(subject: Uint8Array): string | undefined {
  const slot = LEAF_NAME.exec(commonNameOf(subject) ?? '')?.[1]
  return slot !== undefined && /^(9[acde]|8[2-9a-f]|9[0-5])$/.test(slot) ? slot : undefined
}

const slots = new OctetMemory<string | undefined>(64, 512)

/** Does it say what a YubiKey says of a key, whatever its name? */
export const hasPivExtensions = ({ extensions }: Certificate): boolean =>
  [YUBIKEY_OID.firmware, YUBIKEY_OID.serial, YUBIKEY_OID.policy].some((oid) => extensions.has(oid))

/** `Yubico PIV Attestation` on most devices, `YubiKey PIV Attestation` on some 5.7.4. */
export const hasF9Name = (certificate: Certificate): boolean => F9_NAME.test(commonNameOf(certificate.subject) ?? '')
