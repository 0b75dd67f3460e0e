import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import { Journal, type JournalEntry } from '../enrollment/journal.ts'
import { type PublishedRecord, publishedRecord } from '../enrollment/published-record.ts'
import type { Artefact } from '../enrollment/run-event.ts'
import type { RunFolder } from '../enrollment/run-folder.ts'
import { recordIn } from '../enrollment/run-record.ts'
import { EnrollError } from '../errors.ts'

/** What an auditor needs of one run: every event with its hash, every file with its hash, and the verdict with its reasons. */
export interface EvidenceReport {
  readonly run: string
  readonly program: string
  readonly made: string
  readonly record: PublishedRecord
  /** The hash of the last entry pins the whole journal. */
  readonly journalHead: string
  readonly journal: readonly JournalEntry[]
  readonly artefacts: readonly (Artefact & { readonly intact: boolean })[]
  readonly verdict?: AttestationResult
}

/** Reads a run and checks every file against the journal; a file that was changed is reported, not hidden. */
export async function makeEvidenceReport(folder: RunFolder, program: string, now: number): Promise<EvidenceReport> {
  const journal = await Journal.open(folder.journalFile, () => now)
  const record = recordIn(journal)
  const artefacts = await Promise.all(
    artefactsOf(journal.entries).map(async (artefact) => ({ ...artefact, intact: await isIntact(folder, artefact) })),
  )
  const checked = record.checkResult
  const verdict =
    checked !== undefined && artefacts.some((a) => a.file === checked.file && a.intact)
      ? (JSON.parse(await readFile(join(folder.path, checked.file), 'utf8')) as AttestationResult)
      : undefined
  return {
    run: folder.id,
    program,
    made: new Date(now).toISOString(),
    record: publishedRecord(record),
    journalHead: journal.entries.at(-1)?.hash ?? '',
    journal: journal.entries,
    artefacts,
    verdict,
  }
}

/** The newest record of each file: a check that is repeated writes its result again. */
function artefactsOf(entries: readonly JournalEntry[]): readonly Artefact[] {
  const found = new Map<string, Artefact>()
  for (const { event } of entries) {
    for (const value of Object.values(event).flat()) {
      if (isArtefact(value)) found.set(value.file, value)
    }
  }
  return [...found.values()]
}

const isArtefact = (value: unknown): value is Artefact =>
  typeof value === 'object' && value !== null && 'file' in value && 'sha256' in value

async function isIntact(folder: RunFolder, artefact: Artefact): Promise<boolean> {
  try {
    await folder.readArtefact(artefact)
    return true
  } catch (error) {
    if (error instanceof EnrollError) return false
    throw error
  }
}
