import type { FamilyWords } from '../contract/family-words.ts'

export const NSHIELD_WORDS: FamilyWords = {
  title: 'Key attestation bundle of an Entrust nShield HSM',
  leaf: 'key generation certificate',
  silent: [
    'when the key was generated',
    'who holds the cards and passphrases of the Security World',
    'what firmware the module runs today: the warrant describes the module when it was issued',
  ],
  claims: {
    permissions: (value) => `It may: ${value}.`,
    protection: (value) => `Protected by: ${value}.`,
    recovery: (value) =>
      value === 'true'
        ? 'The Administrator Card Set can recover it.'
        : 'It cannot be recovered by the Administrator Card Set.',
    keyHash: (value) => `nCore key hash ${value}.`,
    physicalSerialNumber: (value) => `Serial number on the module's case: ${value}.`,
    hknso: (value) => `Its Security World is the one whose security officer's key has the hash ${value}.`,
    cipherSuite: (value) => `Cipher suite of the Security World: ${value}.`,
    fips: (value) =>
      value === 'true'
        ? 'Its Security World is a FIPS 140 Level 3 world.'
        : "Its Security World is not a FIPS 140 Level 3 world; the module's own certification is a separate matter.",
    fieldUpgradeWarrant: (value) =>
      value === 'true'
        ? "The module's warrant was issued by a field upgrade, not in the factory."
        : "The module's warrant was issued in the factory.",
    approvals: (value) => `The warrant lists these approvals of the module: ${value}.`,
  },
}
