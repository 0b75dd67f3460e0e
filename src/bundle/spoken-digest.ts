/** What is read aloud: six words of the octets 0 to 11 of a SHA-256, so that somebody else's file with the same words cannot be found. */
const WORDS = 6
const CONSONANTS = 'bdfghjklmnprstvz'
const VOWELS = 'aiou'

/**
 * A digest in words that can be spoken and compared: proquints (arXiv 0901.4016), five letters for 16 bits, consonant and vowel in turn.
 * `sha256` is lower-case hex. `lusab-babad-gutih-tugad-…`.
 */
export const spokenDigest = (sha256: string): string =>
  Array.from({ length: WORDS }, (_, index) => word(Number.parseInt(sha256.slice(index * 4, index * 4 + 4), 16))).join(
    '-',
  )

const word = (value: number): string =>
  [
    CONSONANTS[(value >> 12) & 15],
    VOWELS[(value >> 10) & 3],
    CONSONANTS[(value >> 6) & 15],
    VOWELS[(value >> 4) & 3],
    CONSONANTS[value & 15],
  ].join('')
