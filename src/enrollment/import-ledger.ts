import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { FACT_KINDS, type RecordedFact } from '../ledger/fact.ts'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import type { PostgresqlLedger } from '../ledger/postgresql/postgresql-ledger.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { anotherDatabase, readBinding, removeBinding, writeBinding } from './bound-ledger.ts'
import type { Disagreement } from './rebuild-ledger.ts'
import { type LedgerSync, syncLedger } from './sync-ledger.ts'

export interface LedgerImport extends LedgerSync {
  /** Facts of the folder that the database had not. */
  readonly imported: number
}

/**
 * Moves the ledger of a state folder into the database: every fact with its time, every claim, and what the journals know beside them.
 * What is there already stays as it is, so that doing it twice does it once. From its beginning on nothing more is written to the folder,
 * also by commands that were at work; if it fails, the folder is the ledger again. Throws EnrollError `ledger.…`.
 */
export async function importLedger(ledger: PostgresqlLedger, stateDirectory: string): Promise<LedgerImport> {
  // Fails here rather than half-way where the state directory is misspelt.
  await access(stateDirectory)
  const binding = readBinding(stateDirectory)
  // What a folder keeps after it was moved is old.
  if (binding !== undefined && binding.importing !== true)
    return { ...(await syncLedger(ledger, stateDirectory)), imported: 0 }
  const id = await ledger.id()
  if (binding !== undefined && binding.ledger !== id) throw anotherDatabase(stateDirectory, binding, ledger.address)
  await writeBinding(stateDirectory, { ledger: id, address: ledger.address, importing: true })
  try {
    return await importFolder(ledger, stateDirectory)
  } catch (error) {
    await removeBinding(stateDirectory)
    throw error
  }
}

async function importFolder(ledger: PostgresqlLedger, stateDirectory: string): Promise<LedgerImport> {
  const folder = new FolderLedger(join(stateDirectory, 'ledger'))
  let imported = 0
  for (const { fact, origin } of inOrder(await everyFact(folder))) if (await ledger.importFact(fact, origin)) imported++
  const disagreements: Disagreement[] = []
  for await (const { name, run, intent } of folder.claims()) {
    const { run: holder } = await ledger.claim(name, run, intent)
    if (holder !== run) disagreements.push({ run, kind: 'claim', detail: `${name} is held by ${holder}` })
  }
  const synced = await syncLedger(ledger, stateDirectory, { importing: true })
  // What the journals say of the same claims is one disagreement.
  const known = new Set(disagreements.map(({ run, detail }) => `${run} ${detail}`))
  const more = synced.disagreements.filter(({ run, detail }) => !known.has(`${run} ${detail}`))
  return { ...synced, disagreements: [...disagreements, ...more], imported }
}

/** The facts of each subject, oldest first. */
async function everyFact(folder: FolderLedger): Promise<readonly (readonly RecordedFact[])[]> {
  const all: (readonly RecordedFact[])[] = []
  for (const kind of FACT_KINDS) for await (const facts of folder.histories(kind)) all.push(facts)
  return all
}

interface Imported {
  readonly fact: RecordedFact
  readonly origin: string
}

/**
 * As they were said: by their time, but never one of a subject before an earlier one of it, whatever the clock did. What was said at one
 * moment keeps the order of the kinds, in which a run says it. Facts that are alike to the letter are told apart by their number.
 */
function inOrder(histories: readonly (readonly RecordedFact[])[]): readonly Imported[] {
  const counts = new Map<string, number>()
  const dated = histories.flatMap((facts) => {
    let latest = ''
    return facts.map((fact) => {
      latest = fact.time > latest ? fact.time : latest
      const text = JSON.stringify(fact)
      const count = counts.get(text) ?? 0
      counts.set(text, count + 1)
      return { at: latest, fact, origin: `folder ${sha256Hex(`${count} ${text}`)}` }
    })
  })
  return dated.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}
