import type { FamilyWords } from '../contract/family-words.ts'

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

export const YUBIKEY_WORDS: FamilyWords = {
  title: 'Attestation of a key in a YubiKey (PIV)',
  leaf: 'attestation of the key',
  silent: [
    'when the key was generated: the dates are copied from the slot F9 certificate, which a whole batch of devices shares',
    'who knows the PIN, and whether PIN, PUK and management key were ever changed',
    'which certificate is in the slot, or whether the key was moved there from another slot (firmware 5.7)',
  ],
  claims: {
    pinPolicy: (value) => PIN_WORDS[value] ?? `PIN: ${value}.`,
    touchPolicy: (value) => TOUCH_WORDS[value] ?? `Touch: ${value}.`,
    slot: (value) => `The key was in slot ${value} when it was attested.`,
    formFactor: (value) => `Form factor octet: ${value}${FIPS_FORM_FACTOR.test(value) ? ' (FIPS series)' : ''}.`,
  },
}
