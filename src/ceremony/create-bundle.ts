import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZipEntry } from '../archive/zip-entries.ts'
import { PLACES, writeBundle } from '../bundle/bundle-files.ts'
import type { RunFolder } from '../enrollment/run-folder.ts'
import { EnrollError } from '../errors.ts'
import type { EvidenceReport } from '../report/evidence-report.ts'
import { makeEvidenceReport } from '../report/evidence-report.ts'
import { LETTERS } from '../report/letters/letters.ts'
import { letterFacts, letterHtml, letterMarkdown } from '../report/letters/write-letter.ts'
import { evidencePage } from '../report/page/evidence-page.ts'
import { BUNDLE_README } from './bundle-readme.ts'
import { ceremonyFiles } from './ceremony-files.ts'
import { summarizeCeremony } from './summarize.ts'

/**
 * A bundle of one run: its journal, every file that the journal recorded, the report in JSON and as a page. No secret is in it, since
 * none is in any of those. Throws EnrollError `run.artefact` where a file of the run is missing or was changed, `journal.damaged`.
 *
 * @param now - Milliseconds since 1970.
 * @param ceremony - Folder of the ceremony in which the run was made.
 */
export async function createBundle(
  folder: RunFolder,
  program: string,
  now: number,
  ceremony?: string,
): Promise<{ readonly bundle: Uint8Array; readonly report: EvidenceReport }> {
  const report = await makeEvidenceReport(folder, program, now)
  const changed = report.artefacts.find(({ intact }) => !intact)
  if (changed !== undefined) {
    throw new EnrollError(
      'run.artefact',
      `Could not bundle the run: ${join(folder.path, changed.file)} is missing or was changed.`,
      {
        remedy: 'Restore the file from a backup; the journal has its SHA-256.',
      },
    )
  }
  const summary = ceremony === undefined ? undefined : await summarizeCeremony(ceremony)
  const facts = letterFacts(report, summary)
  const run: ZipEntry[] = []
  for (const artefact of report.artefacts)
    run.push({ name: `${PLACES.run}${artefact.file}`, content: await folder.readArtefact(artefact) })
  const files = [
    ...run,
    // Read last: what a run that goes on wrote after the report was made is caught by the comparison of the heads.
    { name: PLACES.journal, content: await readFile(folder.journalFile) },
    { name: 'report.json', content: Buffer.from(`${JSON.stringify(report, null, 2)}\n`) },
    { name: 'report.html', content: Buffer.from(evidencePage(report, summary)) },
    ...LETTERS.flatMap((letter) => [
      { name: `letters/${letter.name}.md`, content: Buffer.from(letterMarkdown(letter, facts)) },
      { name: `letters/${letter.name}.html`, content: Buffer.from(letterHtml(letter, facts)) },
    ]),
    { name: 'README.txt', content: Buffer.from(BUNDLE_README) },
    ...(ceremony === undefined ? [] : await ceremonyFiles(ceremony)),
  ]
  const { run: id, journalHead, made } = report
  return { bundle: writeBundle(files, { run: id, journalHead, program, created: made }), report }
}
