/** How a family's evidence is told to a person. */
export interface FamilyWords {
  /** One line: what the evidence is. */
  readonly title: string
  /** What the leaf of its chain is. */
  readonly leaf: string
  /** What nobody should read into it. */
  readonly silent: readonly string[]
  /** Claims that only this family makes, as sentences. One without an entry is printed as it is named. */
  readonly claims: Readonly<Record<string, (value: string) => string>>
}
