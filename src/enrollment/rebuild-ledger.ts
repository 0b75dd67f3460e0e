import { EnrollError } from '../errors.ts'
import type { RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { NOBODY_KNOWN } from '../ledger/mend-folder.ts'
import { Journal, type JournalEntry } from './journal.ts'
import { factsOfJournal } from './ledger-facts.ts'
import { takeOldMarkers } from './old-order-markers.ts'
import { heldClaims } from './order-claims.ts'
import { identityOf, lostFacts } from './reconcile-run.ts'
import { listRunIds, RunFolder } from './run-folder.ts'
import { recordOf } from './run-record.ts'

/** Where journals and ledger do not say the same. */
export interface Disagreement {
  readonly run: string
  /**
   * `missing`: the journal says it, the ledger does not. `lost`: the ledger says it, the journal does not any more. `unreadable`: what
   * the journal says is not known. `claim`: the journal says that the run holds a name, and the ledger that another does, or none.
   */
  readonly kind: 'missing' | 'lost' | 'unreadable' | 'claim'
  readonly detail: string
}

export interface LedgerCheck {
  readonly runs: number
  readonly disagreements: readonly Disagreement[]
}

/** Holds the ledger against every journal. Changes nothing. Throws EnrollError `ledger.damaged`. */
export async function checkLedger(ledger: Ledger, stateDirectory: string): Promise<LedgerCheck> {
  const disagreements: Disagreement[] = []
  let runs = 0
  for await (const journal of journalsIn(stateDirectory)) {
    runs++
    disagreements.push(...(await compare(ledger, journal)).map(({ mend: _, ...difference }) => difference))
  }
  return { runs, disagreements }
}

/**
 * Adds to the ledger what the journals say and it does not: facts and claims. Takes nothing away: what no journal knows (any more) may
 * be true all the same. Returns what was added, and where the two disagree now.
 */
export async function rebuildLedger(
  ledger: Ledger,
  stateDirectory: string,
): Promise<LedgerCheck & { readonly added: number }> {
  const disagreements: Disagreement[] = []
  let runs = 0
  let added = 0
  for await (const journal of journalsIn(stateDirectory)) {
    runs++
    for (const difference of await compare(ledger, journal)) {
      const { mend, ...disagreement } = difference
      if (mend === undefined) disagreements.push(disagreement)
      else {
        await mend()
        added++
      }
    }
  }
  added += await takeOldMarkers(ledger, stateDirectory)
  return { runs, added, disagreements }
}

type ReadJournal =
  | { readonly run: string; readonly entries: readonly JournalEntry[] }
  | { readonly run: string; readonly fault: EnrollError }

/** The journal of every run, in the order of their ids; one that cannot be read with why. */
export async function* journalsIn(stateDirectory: string): AsyncIterable<ReadJournal> {
  for (const run of await listRunIds(stateDirectory)) {
    const folder = RunFolder.at(stateDirectory, run)
    try {
      yield { run, entries: (await Journal.open(folder.journalFile, Date.now)).entries }
    } catch (error) {
      if (!(error instanceof EnrollError)) throw error
      yield { run, fault: error }
    }
  }
}

interface Difference extends Disagreement {
  /** Adds what the ledger lacks; absent where that would not make the two agree. */
  readonly mend?: () => Promise<unknown>
}

async function compare(ledger: Ledger, journal: ReadJournal): Promise<readonly Difference[]> {
  const { run } = journal
  if ('fault' in journal) return [{ run, kind: 'unreadable', detail: journal.fault.message }]
  const { entries } = journal
  const said = await ledger.saidBy(run)
  const known = new Set(said.map(identityOf))
  const missing = [...factsOfJournal(run, entries)].filter((fact) => !known.has(identityOf(fact)))
  return [
    ...missing.map((fact) => difference(run, 'missing', describe(fact), () => ledger.record(fact, true))),
    ...lostFacts(said, entries).map((fact) => difference(run, 'lost', describe(fact))),
    ...(await claimDifferences(ledger, run, entries)),
  ]
}

async function claimDifferences(
  ledger: Ledger,
  run: string,
  entries: readonly JournalEntry[],
): Promise<readonly Difference[]> {
  const record = recordOf(entries)
  const differences: Difference[] = []
  for (const { name, intent } of record === undefined ? [] : heldClaims(record)) {
    const claim = await ledger.claimOf(name)
    if (claim === undefined)
      differences.push(difference(run, 'claim', `${name} is held by none`, () => ledger.claim(name, run, intent)))
    else if (claim.run === NOBODY_KNOWN)
      differences.push(
        difference(run, 'claim', `${name} is held by somebody`, async () => {
          await ledger.release(name, NOBODY_KNOWN)
          await ledger.claim(name, run, intent)
        }),
      )
    else if (claim.run !== run) differences.push(difference(run, 'claim', `${name} is held by ${claim.run}`))
  }
  return differences
}

const difference = (
  run: string,
  kind: Disagreement['kind'],
  detail: string,
  mend?: () => Promise<unknown>,
): Difference => ({ run, kind, detail, mend })

function describe(fact: Pick<RecordedFact, 'kind' | 'subject'> & { readonly status?: string }): string {
  return `${fact.kind} ${fact.subject}${fact.status === undefined ? '' : `: ${fact.status}`}`
}
