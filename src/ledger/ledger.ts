import type { Answers, Questions } from './answers.ts'
import type { Claim, Wish } from './claim.ts'
import type { Fact, FactKind, RecordedFact } from './fact.ts'

/** How far back a question looks; what is older is kept and not shown. */
export const HISTORY_LIMIT = 256

/**
 * What outlives runs: facts, which are only ever added, and claims, which one run holds at a time. A folder stands behind it, or a
 * database. Whatever resolves is durable: what it guards may begin. "Could not be read" is thrown, never answered as "nothing":
 * EnrollError `ledger.damaged` (exit 5).
 */
export interface Ledger {
  /**
   * Adds a fact. `past`: of something that has happened long since, and was only not recorded. Throws EnrollError `ledger.limit` for an
   * order that is only intended, where the account has a limit that it would exceed.
   */
  record(fact: Fact, past?: boolean): Promise<void>
  /** The last facts of a subject, oldest first, at most HISTORY_LIMIT. */
  history<Kind extends FactKind>(kind: Kind, subject: string): Promise<readonly RecordedFact<Kind>[]>
  /** The last facts that a run said, of any kind, oldest first, at most HISTORY_LIMIT. */
  saidBy(run: string): Promise<readonly RecordedFact[]>
  /** The last fact of every subject of a kind, in no order. */
  all<Kind extends FactKind>(kind: Kind): AsyncIterable<RecordedFact<Kind>>

  /** Takes a name, or finds it taken. Returns the claim in force: it is the caller's where run and intent are. */
  claim(name: string, run: string, intent: string): Promise<Claim>
  /**
   * Takes several names, each as `claim` does, and records facts if every name is then held by the run that wants it; otherwise none of
   * them. Returns the claims in force, in the order of the wishes. Where the ledger is elsewhere, all of it is one round trip and one
   * transaction; in a folder, a process that dies may leave names taken without the facts.
   */
  take(wishes: readonly Wish[], facts: readonly Fact[]): Promise<readonly Claim[]>
  claimOf(name: string): Promise<Claim | undefined>
  /** `history` and `claimOf` of several, in one round trip where the ledger is elsewhere. */
  look(questions: Questions): Promise<Answers>
  /**
   * Gives a name back; nothing where another run holds it. `fence`: only what was granted with it, so that a process that wakes after a
   * pause does not give back what has been granted since.
   */
  release(name: string, run: string, fence?: string): Promise<void>
}

/** The last fact of a subject. */
export async function lastFact<Kind extends FactKind>(
  ledger: Ledger,
  kind: Kind,
  subject: string,
): Promise<RecordedFact<Kind> | undefined> {
  return (await ledger.history(kind, subject)).at(-1)
}
