import type { FamilyWords } from '../contract/family-words.ts'

export const MARVELL_WORDS: FamilyWords = {
  title: 'Attestation of a key in Google Cloud HSM (Marvell LiquidSecurity)',
  leaf: 'attestation statement',
  silent: [
    'when the statement was created: it has no date',
    'who may call Cloud KMS to sign with the key',
    'which project the key belongs to, other than through the hash of its resource name',
  ],
  claims: {
    alwaysSensitive: (value) =>
      value === 'true'
        ? 'It could never be read in plaintext.'
        : 'There was, or may have been, a time when it could be read in plaintext.',
    kcv: (value) => `Key check value (KCV) ${value}.`,
    ekcv: (value) => `Extended key check value (EKCV) ${value}.`,
    versionNameSha256: (value) => `SHA-256 of the name of its key version ${value}.`,
    partition: (value) => `It is in the partition ${value}.`,
    ownerTrustAnchor: (value) => `Card and partition are also certified by their owner: ${value}.`,
  },
}
