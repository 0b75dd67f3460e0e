import type { Claim } from './claim.ts'
import type { FactKind, RecordedFact } from './fact.ts'

/** What is asked of a ledger at once. */
export interface Questions {
  readonly facts: readonly (readonly [kind: FactKind, subject: string])[]
  readonly claims: readonly string[]
}

/** What a ledger has of that: asking for what was not asked is a defect, and not the same as nothing. */
export class Answers {
  readonly #facts: readonly RecordedFact[]
  readonly #claims: readonly Claim[]
  readonly #questions: Questions

  /** `facts`: of each subject oldest first. */
  constructor(questions: Questions, facts: readonly RecordedFact[], claims: readonly Claim[]) {
    this.#questions = questions
    this.#facts = facts
    this.#claims = claims
  }

  /** As `Ledger.history`. */
  history<Kind extends FactKind>(kind: Kind, subject: string): readonly RecordedFact<Kind>[] {
    if (!this.#questions.facts.some((asked) => asked[0] === kind && asked[1] === subject)) throw notAsked(kind)
    return this.#facts.filter(
      (fact): fact is RecordedFact & RecordedFact<Kind> => fact.kind === kind && fact.subject === subject,
    )
  }

  last<Kind extends FactKind>(kind: Kind, subject: string): RecordedFact<Kind> | undefined {
    return this.history(kind, subject).at(-1)
  }

  /** As `Ledger.claimOf`. */
  claimOf(name: string): Claim | undefined {
    if (!this.#questions.claims.includes(name)) throw notAsked('claim')
    return this.#claims.find((claim) => claim.name === name)
  }
}

const notAsked = (what: string): Error => new Error(`the ledger was not asked for this ${what}`)
