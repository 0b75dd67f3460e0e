import type { HsmType } from '../../hsm-type.ts'

/** How each family's evidence is told to a person. */
export const FAMILY_WORDS: Readonly<
  Record<HsmType, { readonly title: string; readonly leaf: string; readonly silent: readonly string[] }>
> = {
  YUBIKEY: {
    title: 'Attestation of a key in a YubiKey (PIV)',
    leaf: 'attestation of the key',
    silent: [
      'when the key was made: the dates are copied from the certificate of slot F9, which a whole batch of devices shares',
      'who knows the PIN, and whether PIN, PUK and management key were ever changed',
      'which certificate stands in the slot, or whether the key was moved there from another slot (firmware 5.7)',
    ],
  },
  YUBIHSM2: {
    title: 'Attestation of an object in a YubiHSM 2',
    leaf: 'attestation of the object',
    silent: [
      'when the key was made: the dates are those of the device certificate',
      'which authentication keys may use it, and who knows them',
      'whether the audit log was kept',
    ],
  },
  LUNA: {
    title: 'Public key confirmation of a Thales Luna HSM',
    leaf: 'confirmation of the key',
    silent: [
      'single attributes of the key: that the confirmation exists is the claim (made in a Luna, never outside one)',
      'whether the HSM ran in FIPS mode',
      'to which other Luna HSMs of its domain the key was cloned',
      'when the key was made',
    ],
  },
  NSHIELD: {
    title: 'Key attestation bundle of an Entrust nShield HSM',
    leaf: 'key generation certificate',
    silent: [
      'when the key was made',
      'who holds the cards and passphrases of the Security World',
      'what firmware the module runs today: the warrant speaks of the day it was issued',
    ],
  },
  FORTANIX: {
    title: 'Key attestation statement of Fortanix DSM',
    leaf: 'attestation statement',
    silent: [
      'who may use the key: that is the policy of its group and apps',
      'whether the statement was revoked since: lists are not fetched',
    ],
  },
  MARVELL_GOOGLE: {
    title: 'Attestation of a key in Google Cloud HSM (Marvell LiquidSecurity)',
    leaf: 'attestation statement',
    silent: [
      'when the statement was made: it has no date',
      'who may call Cloud KMS to sign with the key',
      'which project the key belongs to, other than through the hash of its resource name',
    ],
  },
}

/** Yubico, developers.yubico.com/PIV/Introduction/PIV_attestation.html; the two of the Bio series take a fingerprint or the PIN. */
const PIN_WORDS: Readonly<Record<string, string>> = {
  never: 'It can be used without a PIN (policy never).',
  once: 'The PIN is asked once per session (policy once).',
  always: 'The PIN is asked for every signature (policy always).',
  'match-once': 'A fingerprint or the PIN is asked once per session (policy match-once).',
  'match-always': 'A fingerprint or the PIN is asked for every signature (policy match-always).',
}
const TOUCH_WORDS: Readonly<Record<string, string>> = {
  never: 'It signs without a touch (policy never).',
  always: 'Every signature needs a touch (policy always).',
  cached: 'A touch counts for 15 seconds (policy cached).',
}
/** Bit 0x80 of the octet. */
const FIPS_FORM_FACTOR = /^[89a-f]/

/** Claims as sentences. A claim without an entry is printed as it is named. */
export const CLAIM_WORDS: Readonly<Record<string, (value: string) => string>> = {
  local: (value) =>
    value === 'true' ? 'The key was generated on the device.' : 'The key was NOT generated on the device.',
  extractable: (value) => (value === 'true' ? 'The key CAN leave the device.' : 'The key cannot leave the device.'),
  neverExtractable: (value) =>
    value === 'true' ? 'It never could leave the device.' : 'There was, or may have been, a time when it could leave.',
  sensitive: (value) => (value === 'true' ? 'It is never shown in the clear.' : 'It can be shown in the clear.'),
  pinPolicy: (value) => PIN_WORDS[value] ?? `PIN: ${value}.`,
  touchPolicy: (value) => TOUCH_WORDS[value] ?? `Touch: ${value}.`,
  slot: (value) => `The key was in slot ${value} when it was attested.`,
  formFactor: (value) => `Form factor octet: ${value}${FIPS_FORM_FACTOR.test(value) ? ' (FIPS series)' : ''}.`,
  objectId: (value) => `Object id ${value}.`,
  label: (value) => `Label "${value}".`,
  origin: (value) => `Origin: ${value}.`,
  domains: (value) => `Domains: ${value}.`,
  capabilities: (value) => `It may: ${value}.`,
  permissions: (value) => `It may: ${value}.`,
  protection: (value) => `Protected by: ${value}.`,
  recovery: (value) =>
    value === 'true'
      ? 'The Administrator Card Set can recover it.'
      : 'It cannot be recovered by the Administrator Card Set.',
  fipsApproved: (value) =>
    value === 'true' ? 'The device was in FIPS-approved mode.' : 'The device was NOT in FIPS-approved mode.',
  keyHash: (value) => `nCore key hash ${value}.`,
  physicalSerialNumber: (value) => `Serial number on the module's case: ${value}.`,
  hknso: (value) => `Its Security World is the one whose security officer's key has the hash ${value}.`,
  cipherSuite: (value) => `Cipher suite of the Security World: ${value}.`,
  fips: (value) =>
    value === 'true'
      ? 'Its Security World keeps to FIPS 140 level 3.'
      : 'Its Security World is not one of FIPS 140 level 3; the certification of the module is another thing.',
  fieldUpgradeWarrant: (value) =>
    value === 'true'
      ? "The module's warrant was made by a field upgrade, not in the factory."
      : "The module's warrant was made in the factory.",
  approvals: (value) => `The warrant lists these approvals of the module: ${value}.`,
  ouid: (value) => `Unique identifier of the key in the HSM (CKA_OUID): ${value}.`,
  unpublishedExtensions: (value) => `Facts whose meaning Thales does not publish, as they stand there: ${value}.`,
  keyUuid: (value) => `Key UUID ${value}.`,
  signedAt: (value) => `Signed at ${value}.`,
  authority: (value) => `Signed by: ${value}.`,
  alwaysSensitive: (value) =>
    value === 'true'
      ? 'It never could be shown in the clear.'
      : 'There was, or may have been, a time when it could be shown in the clear.',
  kcv: (value) => `Key check value (KCV) ${value}.`,
  ekcv: (value) => `Extended key check value (EKCV) ${value}.`,
  versionNameSha256: (value) => `SHA-256 of the name of its key version ${value}.`,
  partition: (value) => `It lives in the partition ${value}.`,
  ownerTrustAnchor: (value) => `Card and partition are certified by their owner too: ${value}.`,
}
