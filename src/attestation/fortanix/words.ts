import type { FamilyWords } from '../contract/family-words.ts'

export const FORTANIX_WORDS: FamilyWords = {
  title: 'Key attestation statement of Fortanix DSM',
  leaf: 'attestation statement',
  silent: [
    'who may use the key: that is the policy of its group and apps',
    'whether the statement was revoked since: lists are not fetched',
  ],
  claims: {
    keyUuid: (value) => `Key UUID ${value}.`,
    signedAt: (value) => `Signed at ${value}.`,
    authority: (value) => `Signed by: ${value}.`,
  },
}
