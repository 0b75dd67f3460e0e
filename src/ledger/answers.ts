import type { Claim } from './claim.ts'
import type { FactKind, RecordedFact } from './fact.ts'

/** What is asked of a ledger at once. */
export interface Questions {
  readonly facts: readonly (readonly [kind: FactKind, subject: string])[]
  readonly claims: readonly string[]
}

/** What a ledger has of that. Asking for what was not asked is a defect, and not answered as nothing. */
export interface Answers {
  /** By the clock that dates facts and claims: milliseconds since 1970. */
  readonly now: number
  /** As `Ledger.history`. */
  history<Kind extends FactKind>(kind: Kind, subject: string): readonly RecordedFact<Kind>[]
  last<Kind extends FactKind>(kind: Kind, subject: string): RecordedFact<Kind> | undefined
  /** As `Ledger.claimOf`. */
  claimOf(name: string): Claim | undefined
}

/** `found`: the facts of each subject, oldest first. */
export function answersTo(
  questions: Questions,
  now: number,
  found: readonly RecordedFact[],
  held: readonly Claim[],
): Answers {
  const history = <Kind extends FactKind>(kind: Kind, subject: string): readonly RecordedFact<Kind>[] => {
    if (!questions.facts.some((asked) => asked[0] === kind && asked[1] === subject)) throw notAsked(kind)
    return found.filter(
      (fact): fact is RecordedFact & RecordedFact<Kind> => fact.kind === kind && fact.subject === subject,
    )
  }
  return {
    now,
    history,
    last: (kind, subject) => history(kind, subject).at(-1),
    claimOf: (name) => {
      if (!questions.claims.includes(name)) throw notAsked('claim')
      return held.find((claim) => claim.name === name)
    },
  }
}

const notAsked = (what: string): Error => new Error(`the ledger was not asked for this ${what}`)
