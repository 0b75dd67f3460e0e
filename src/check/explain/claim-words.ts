/** Claims of more than one family, as sentences. */
export const CLAIM_WORDS: Readonly<Record<string, (value: string) => string>> = {
  local: (value) =>
    value === 'true' ? 'The key was generated on the device.' : 'The key was NOT generated on the device.',
  extractable: (value) => (value === 'true' ? 'The key CAN leave the device.' : 'The key cannot leave the device.'),
  neverExtractable: (value) =>
    value === 'true' ? 'It could never leave the device.' : 'There was, or may have been, a time when it could leave.',
  sensitive: (value) => (value === 'true' ? 'It is never available in plaintext.' : 'It can be read in plaintext.'),
  origin: (value) => `Origin: ${value}.`,
}
