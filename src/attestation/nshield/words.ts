import type { FamilyWords } from '../contract/family-words.ts'

export const NSHIELD_WORDS: FamilyWords = {
  title: 'Key attestation bundle of an Entrust nShield HSM',
  leaf: 'key generation certificate',
  silent: [
    'when the key was made',
    'who holds the cards and passphrases of the Security World',
    'what firmware the module runs today: the warrant speaks of the day it was issued',
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
        ? 'Its Security World keeps to FIPS 140 level 3.'
        : 'Its Security World is not one of FIPS 140 level 3; the certification of the module is another thing.',
    fieldUpgradeWarrant: (value) =>
      value === 'true'
        ? "The module's warrant was made by a field upgrade, not in the factory."
        : "The module's warrant was made in the factory.",
    approvals: (value) => `The warrant lists these approvals of the module: ${value}.`,
  },
}
