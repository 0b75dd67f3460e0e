import type { FamilyWords } from '../contract/family-words.ts'

export const LUNA_WORDS: FamilyWords = {
  title: 'Public key confirmation of a Thales Luna HSM',
  leaf: 'confirmation of the key',
  silent: [
    'single attributes of the key: that the confirmation exists is the claim (made in a Luna, never outside one)',
    'whether the HSM ran in FIPS mode',
    'to which other Luna HSMs of its domain the key was cloned',
    'when the key was generated',
  ],
  claims: {
    ouid: (value) => `Unique identifier of the key in the HSM (CKA_OUID): ${value}.`,
    unpublishedExtensions: (value) => `Facts whose meaning Thales does not publish, as they stand there: ${value}.`,
  },
}
