import type { ShownFacts } from '../page/clauses.ts'

/** What a letter is about, as its sentences need it. Values come from the evidence, never from a profile's wishes. */
export interface LetterFacts extends ShownFacts {
  readonly run: string
  readonly journalHead: string
  readonly words: string
  /** Subject of the certificate, or undefined before one is issued. */
  readonly subject?: string | undefined
  readonly certificateSerial?: string | undefined
  /** Model and serial number, as attested. */
  readonly device: string
  /** `EC P-384`. */
  readonly key: string
  readonly spkiSha256: string
  readonly anchor: string
  /** Standard, level and number of the certification, as of the day of the verdict. */
  readonly certification?: string | undefined
  /** The day for which that was asked. */
  readonly asOf: string
}

/** One sentence, and when it may be said. A sentence whose check does not hold is left out, and listed as left out. */
export interface Sentence {
  readonly holds: (facts: LetterFacts) => boolean
  readonly says: (facts: LetterFacts) => string
  /** What it rests on, for the reader. */
  readonly check: string
  /** Said in its place at the end. */
  readonly otherwise: string
}

export interface Letter {
  readonly name: string
  readonly title: string
  readonly opening: string
  readonly sentences: readonly Sentence[]
  readonly closing: string
  /** Lines to fill in by hand. */
  readonly fields: readonly string[]
}
