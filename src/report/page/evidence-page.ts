import {
  type AttestationResult,
  type Check,
  describeAttestedKey,
  type KeyClaims,
} from '../../attestation/contract/attestation-result.ts'
import { spokenDigest } from '../../bundle/spoken-digest.ts'
import type { CeremonySummary } from '../ceremony-summary.ts'
import type { EvidenceReport } from '../evidence-report.ts'
import { escapeHtml, factsHtml, pageHtml, paragraphHtml, tableHtml } from '../html.ts'
import { chainPicture } from './chain-picture.ts'
import { CLAUSES, isKeptInHardware } from './clauses.ts'
import { qrPicture } from './qr-picture.ts'
import { signatureFields } from './signature-fields.ts'
import { PAGE_STYLE } from './style.ts'
import { timelineHtml } from './timeline.ts'
import { STATE_WORDS, WORDS } from './words.ts'

/** One self-contained page that prints to A4: no script, nothing fetched, everything from outside escaped. */
export function evidencePage(report: EvidenceReport, ceremony?: CeremonySummary): string {
  const { verdict, record, journal } = report
  return pageHtml(WORDS.title(report.run), PAGE_STYLE, [
    verdictHtml(report),
    heading(WORDS.facts),
    factsHtml(factsOf(report)),
    ...(verdict === undefined ? [] : [heading(WORDS.chain), chainPicture(verdict, record)]),
    ...(ceremony === undefined ? [] : ceremonyHtml(ceremony)),
    heading(WORDS.timeline),
    timelineHtml(journal, ceremony),
    heading(WORDS.clauses),
    clausesHtml(verdict, ceremony),
    ...(verdict === undefined
      ? []
      : [heading(WORDS.checks), tableHtml('checks', WORDS.checkHeader, verdict.checks.map(checkRow))]),
    heading(WORDS.files),
    filesHtml(report),
    heading(WORDS.digest),
    digestHtml(report),
    heading(WORDS.signatures),
    signatureFields(ceremony),
    heading(WORDS.limits),
    ...WORDS.limitSentences.map((limit) => paragraphHtml(limit, 'note')),
  ])
}

const { labels: LABELS } = WORDS

const heading = (text: string): string => `<h2>${escapeHtml(text)}</h2>`

/** A verdict whose file was changed is not shown as one, and not passed over either. */
function verdictHtml({ verdict, record, artefacts }: EvidenceReport): string {
  const file = record.checkResult?.file
  if (verdict === undefined) {
    const isChanged = file !== undefined && artefacts.some((artefact) => artefact.file === file)
    const why = isChanged ? WORDS.verdictChanged(file) : WORDS.notJudged
    return `<div class="verdict bad"><strong>${escapeHtml(why)}</strong></div>`
  }
  const { genuine, acceptable, attestedKey: key, device, trustAnchor, knowledge, advisories = [] } = verdict
  const name = [device.vendor, device.model].filter((part) => part !== undefined).join(' ')
  const what = isKeptInHardware({ verdict })
    ? WORDS.kept(key === undefined ? '' : describeAttestedKey(key), name)
    : WORDS.notKept
  return [
    `<div class="verdict${acceptable ? '' : ' bad'}">`,
    `<strong>${escapeHtml(`${genuine ? WORDS.genuine : WORDS.notGenuine}, ${acceptable ? WORDS.acceptable : WORDS.notAcceptable}.`)}</strong>`,
    paragraphHtml(what),
    trustAnchor?.origin === 'user' ? paragraphHtml(WORDS.ownAnchor, 'warn') : '',
    ...advisories.map((each) =>
      paragraphHtml(`${WORDS.advisory}: ${each.name} (${each.references.join(', ')}). ${each.proves}`, 'warn'),
    ),
    knowledge === undefined ? '' : paragraphHtml(WORDS.asOf(knowledge.on, knowledge.issued), 'note'),
    '</div>',
  ].join('')
}

const factsOf = ({ run, record, verdict, made, program }: EvidenceReport) =>
  [
    [LABELS.run, run],
    [LABELS.state, record.test ? WORDS.testOrder(STATE_WORDS[record.state]) : STATE_WORDS[record.state]],
    [LABELS.begun, record.startedAt],
    [LABELS.changed, record.updatedAt],
    [LABELS.device, setting(record.settings['device.uri'])],
    ...(verdict === undefined ? [] : deviceFacts(verdict)),
    [LABELS.rules, setting(record.settings['policy.profile'])],
    [LABELS.ownRules, relaxedRules(record.settings)],
    [LABELS.key, record.keyLocation],
    [LABELS.spki, record.spkiSha256],
    [LABELS.sentTo, record.submission?.endpoint],
    [LABELS.order, record.orderNumber],
    [LABELS.charged, record.paymentRequired === true ? WORDS.unpaid(record.amount ?? '') : record.amount],
    [LABELS.unknown, record.unknownReason],
    [LABELS.refused, record.refusal === undefined ? undefined : `${record.refusal.code}: ${record.refusal.message}`],
    [LABELS.rejected, record.rejection],
    [LABELS.subject, record.certificateSubject],
    [LABELS.serial, record.certificateSerial],
    [LABELS.ends, record.certificateNotAfter],
    [LABELS.location, record.certificateLocation],
    [LABELS.written, WORDS.writtenBy(made, program)],
  ] as const

function deviceFacts({ hsmType, device, claims, trustAnchor, attestedKey: key }: AttestationResult) {
  return [
    [LABELS.family, hsmType],
    [LABELS.model, [device.vendor, device.model].filter((part) => part !== undefined).join(' ')],
    [LABELS.deviceSerial, device.serial],
    [LABELS.firmware, device.firmware],
    [LABELS.fips, device.fips],
    [LABELS.attestedKey, key === undefined ? undefined : describeAttestedKey(key)],
    ...claimFacts(claims),
    [LABELS.anchor, trustAnchor === undefined ? WORDS.noneReached : `${trustAnchor.name} (${trustAnchor.origin})`],
  ] as const
}

const relaxedRules = (settings: EvidenceReport['record']['settings']): string =>
  Object.entries(settings)
    .filter(([path]) => path.startsWith('policy.') && path !== 'policy.profile')
    .map(([path, value]) => `${path}: ${setting(value)}`)
    .join(', ')

const setting = (value: string | readonly string[] | undefined): string | undefined =>
  value === undefined || typeof value === 'string' ? value : value.join(', ')

const claimFacts = (claims: KeyClaims): readonly (readonly [string, string])[] =>
  Object.entries(claims).flatMap(([name, value]) =>
    value === undefined ? [] : [[WORDS.claim(name), Array.isArray(value) ? value.join(', ') : String(value)] as const],
  )

function ceremonyHtml({ title, unattended, ended, scriptSha256, people, tool }: CeremonySummary): readonly string[] {
  return [
    heading(WORDS.ceremony),
    ...(unattended ? [paragraphHtml(WORDS.unattended, 'warn')] : []),
    ...(ended ? [] : [paragraphHtml(WORDS.notEnded, 'warn')]),
    factsHtml([
      [LABELS.ceremony, title],
      [LABELS.script, scriptSha256],
      ...people.map(
        ({ role, name, qualification }) =>
          [role, qualification === undefined ? name : `${name}, ${qualification}`] as const,
      ),
      ...tool,
    ]),
  ]
}

function clausesHtml(verdict: AttestationResult | undefined, ceremony: CeremonySummary | undefined): string {
  const rows = CLAUSES.map(({ rule, asks, state, by }) => {
    const found = state({ verdict, ceremony })
    const style = found === 'shown' ? 'pass' : found === 'partly' ? 'warn' : 'note'
    return [rule, asks, { text: WORDS.states[found], style }, found === 'none' ? '' : by]
  })
  return tableHtml('clauses', WORDS.clauseHeader, rows)
}

const checkRow = ({ id, status, detail, source }: Check) => [id, { text: status, style: status }, detail, source]

const filesHtml = ({ artefacts }: EvidenceReport): string =>
  tableHtml(
    'files',
    WORDS.fileHeader,
    artefacts.map(({ file, sha256, intact }) => [
      file,
      sha256,
      intact ? { text: WORDS.intact, style: 'pass' } : { text: WORDS.changed, style: 'fail' },
    ]),
  )

function digestHtml({ run, journalHead }: EvidenceReport): string {
  const words = /^[0-9a-f]{64}$/.test(journalHead) ? spokenDigest(journalHead) : ''
  const code = words === '' ? '' : qrPicture(`hsm-enroll ${run} ${journalHead}`)
  return `<div class="digest">${code}<div><p class="words">${escapeHtml(words)}</p><p><code>${escapeHtml(journalHead)}</code></p>${paragraphHtml(WORDS.digestNote, 'note')}</div></div>`
}
