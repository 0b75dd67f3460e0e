/** What a YubiKey tells of itself in READ CONFIG (ykman yubikit/management.py; docs: YubiKey 5 configuration reference). */
export interface HidDeviceInfo {
  readonly serial?: string
  readonly firmware?: string
  readonly formFactor: FormFactor
  readonly fips: 'certified' | 'not-certified'
  /** Applications that are switched on over USB; undefined where the firmware (4.x) is not to be believed. */
  readonly usbEnabled?: readonly Application[]
}

const TAG = {
  usbSupported: 0x01,
  serial: 0x02,
  usbEnabled: 0x03,
  formFactor: 0x04,
  version: 0x05,
  morePages: 0x10,
  fipsCapable: 0x14,
} as const

const APPLICATIONS = {
  OTP: 0x01,
  U2F: 0x02,
  OpenPGP: 0x08,
  PIV: 0x10,
  OATH: 0x20,
  HSMAUTH: 0x100,
  FIDO2: 0x200,
} as const
export type Application = keyof typeof APPLICATIONS

const FORM_FACTORS = [
  'unknown',
  'USB-A keychain',
  'USB-A nano',
  'USB-C keychain',
  'USB-C nano',
  'USB-C and Lightning',
  'USB-A Bio',
  'USB-C Bio',
] as const
export type FormFactor = (typeof FORM_FACTORS)[number]

const FIPS_FORM_FACTOR = 0x80
const FORM_FACTOR_MASK = 0x0f
/** Of the FIPS capable tag. */
const FIPS_PIV = 0x02

export class HidAnswerError extends Error {
  override readonly name = 'HidAnswerError'
}

export type InfoTags = ReadonlyMap<number, Uint8Array>

/** One page: a length byte, then tag-length-value triples; what follows the length (a CRC) is ignored. Throws HidAnswerError. */
export function readInfoPage(page: Uint8Array): InfoTags {
  const length = page[0] ?? 0
  if (page.length < 1 + length) throw new HidAnswerError('the device information is truncated')
  const tags = new Map<number, Uint8Array>()
  for (let at = 1; at < 1 + length; ) {
    const tag = page[at] ?? 0
    const size = page[at + 1] ?? 0
    if (at + 1 > length || at + 2 + size > 1 + length)
      throw new HidAnswerError('a value of the device information is truncated')
    tags.set(tag, page.slice(at + 2, at + 2 + size))
    at += 2 + size
  }
  return tags
}

export const hasMorePages = (tags: InfoTags): boolean => (tags.get(TAG.morePages)?.[0] ?? 0) !== 0

const unsigned = (bytes: Uint8Array | undefined): number | undefined =>
  bytes === undefined || bytes.length === 0 || bytes.length > 4
    ? undefined
    : bytes.reduce((value, byte) => value * 256 + byte, 0)

export function describeInfo(tags: InfoTags): HidDeviceInfo {
  const serial = unsigned(tags.get(TAG.serial))
  const version = tags.get(TAG.version)
  const formFactor = tags.get(TAG.formFactor)?.[0] ?? 0
  const enabled = unsigned(tags.get(TAG.usbEnabled))
  const [major = 0, minor = 0, patch = 0] = version ?? []
  const capable = ((unsigned(tags.get(TAG.fipsCapable)) ?? 0) & FIPS_PIV) !== 0
  const fips = capable || (formFactor & FIPS_FORM_FACTOR) !== 0 || (major === 4 && minor === 4)
  return {
    ...(serial === undefined || serial === 0 ? {} : { serial: String(serial) }),
    ...(version?.length === 3 ? { firmware: `${major}.${minor}.${patch}` } : {}),
    formFactor: FORM_FACTORS[formFactor & FORM_FACTOR_MASK] ?? 'unknown',
    fips: fips ? 'certified' : 'not-certified',
    // Firmware 4 reports every application as enabled or not without regard to the truth.
    ...(enabled === undefined || major < 5 ? {} : { usbEnabled: applicationsOf(enabled) }),
  }
}

function applicationsOf(bits: number): readonly Application[] {
  return (Object.keys(APPLICATIONS) as Application[]).filter((name) => (bits & APPLICATIONS[name]) !== 0)
}
