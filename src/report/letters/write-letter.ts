import { describeAttestedKey } from '../../attestation/contract/attestation-result.ts'
import { spokenDigest } from '../../bundle/spoken-digest.ts'
import { isoDay } from '../../iso-day.ts'
import { printable } from '../../printable.ts'
import type { CeremonySummary } from '../ceremony-summary.ts'
import type { EvidenceReport } from '../evidence-report.ts'
import { escapeHtml, pageHtml, paragraphHtml } from '../html.ts'
import type { Letter, LetterFacts } from './letter.ts'

/** What the letters need of a report. */
export function letterFacts(report: EvidenceReport, ceremony: CeremonySummary | undefined): LetterFacts {
  const { verdict, record, run, journalHead, made } = report
  const { device, attestedKey, trustAnchor, knowledge } = verdict ?? {}
  const certification = device?.certification
  return {
    run,
    journalHead,
    words: spokenDigest(journalHead),
    verdict,
    ceremony,
    subject: record.certificateSubject,
    certificateSerial: record.certificateSerial,
    device: [device?.vendor, device?.model, device?.serial === undefined ? undefined : `serial number ${device.serial}`]
      .filter((part) => part !== undefined)
      .join(' '),
    key: attestedKey === undefined ? '' : describeAttestedKey(attestedKey),
    spkiSha256: attestedKey?.spkiSha256 ?? '',
    anchor: trustAnchor?.name ?? '',
    certification:
      certification?.standard === undefined || certification.level === undefined
        ? undefined
        : `FIPS ${certification.standard} level ${certification.level}${certification.certificate === undefined ? '' : `, certificate ${certification.certificate}`}`,
    asOf: knowledge?.on ?? isoDay(Date.parse(made)),
  }
}

/** In Markdown. Values from outside cannot become markup: what Markdown reads is escaped. */
export function letterMarkdown(letter: Letter, facts: LetterFacts): string {
  const { said, left } = sentencesOf(letter, facts)
  return [
    `# ${letter.title}`,
    letter.opening,
    ...said.map(({ text, check }, index) => `${index + 1}. ${escapeMarkdown(text)}  \n   *Rests on: ${check}.*`),
    letter.closing,
    ...(left.length === 0 ? [] : [`Not stated, because the record does not show it: ${left.join('; ')}.`]),
    ...letter.fields.map((field) => `${field}: ______________________________`),
    '',
  ].join('\n\n')
}

/** A page that prints, as the report does. */
export function letterHtml(letter: Letter, facts: LetterFacts): string {
  const { said, left } = sentencesOf(letter, facts)
  return pageHtml(letter.title, STYLE, [
    paragraphHtml(letter.opening),
    `<ol>${said.map(({ text, check }) => `<li>${escapeHtml(text)}<br><small>Rests on: ${escapeHtml(check)}.</small></li>`).join('')}</ol>`,
    paragraphHtml(letter.closing),
    ...(left.length === 0
      ? []
      : [paragraphHtml(`Not stated, because the record does not show it: ${left.join('; ')}.`, 'note')]),
    ...letter.fields.map((field) => `<p class="field"><span>${escapeHtml(field)}</span></p>`),
  ])
}

const STYLE = `body{font:11pt/1.5 Georgia,serif;max-width:42rem;margin:2rem auto;padding:0 1rem;color:#111}h1{font-size:15pt}
li{margin:.5rem 0;overflow-wrap:anywhere}small,.note{color:#555}.field{border-bottom:1px solid #111;padding-top:1.6rem;max-width:30rem}
@page{size:A4;margin:22mm}@media print{body{margin:0;padding:0;max-width:none}}`

function sentencesOf(
  { sentences }: Letter,
  facts: LetterFacts,
): { readonly said: readonly { readonly text: string; readonly check: string }[]; readonly left: readonly string[] } {
  const said = sentences
    .filter(({ holds }) => holds(facts))
    .map(({ says, check }) => ({ text: printable(says(facts)), check }))
  const left = sentences.filter(({ holds }) => !holds(facts)).map(({ otherwise }) => otherwise)
  return { said, left }
}

const escapeMarkdown = (text: string): string => text.replace(/[\\`*_{}[\]<>#|!~&]/g, (c) => `\\${c}`)
