import type { FamilyWords } from '../contract/family-words.ts'

export const YUBIHSM2_WORDS: FamilyWords = {
  title: 'Attestation of an object in a YubiHSM 2',
  leaf: 'attestation of the object',
  silent: [
    'when the key was generated: the dates are those of the device certificate',
    'which authentication keys may use it, and who knows them',
    'whether the audit log was kept',
  ],
  claims: {
    objectId: (value) => `Object ID ${value}.`,
    label: (value) => `Label "${value}".`,
    domains: (value) => `Domains: ${value}.`,
    capabilities: (value) => `It may: ${value}.`,
    fipsApproved: (value) =>
      value === 'true' ? 'The device was in FIPS-approved mode.' : 'The device was NOT in FIPS-approved mode.',
  },
}
