import type { AttestationResult, Check, KeyClaims } from '../attestation/contract/attestation-result.ts'
import type { JournalEntry } from '../enrollment/journal.ts'
import type { EvidenceReport } from './evidence-report.ts'
import { factsHtml, pageHtml, paragraphHtml, tableHtml } from './html.ts'

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;break-after:avoid}
table{border-collapse:collapse;width:100%;table-layout:fixed}tr{break-inside:avoid}
td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.facts th{width:20%;font-weight:400;color:#555}
.checks th:nth-child(1){width:25%}.checks th:nth-child(2){width:9%}.checks th:nth-child(3){width:30%}
.files th:nth-child(1){width:24%}.files th:nth-child(3){width:13%}
.journal th:nth-child(1){width:4%}.journal th:nth-child(2){width:19%}.journal th:nth-child(3){width:13%}.journal th:nth-child(5){width:28%}
.pass{color:#176d2c}.fail{color:#a31515;font-weight:600}.warn{color:#8a5a00}.note{color:#555}
@page{margin:15mm}@media print{body{font-size:8pt;margin:0;max-width:none;padding:0}}`

/** One self-contained page: no script, nothing fetched, everything from outside escaped. */
export function evidenceReportHtml(report: EvidenceReport): string {
  const { verdict } = report
  return pageHtml(`Evidence report, run ${report.run}`, STYLE, [
    factsHtml(runFacts(report)),
    '<h2>Verdict</h2>',
    ...(verdict === undefined ? [noVerdict(report)] : verdictHtml(report, verdict)),
    '<h2>Files</h2>',
    tableHtml(
      'files',
      ['File', 'SHA-256', 'As recorded'],
      report.artefacts.map((a) => [
        a.file,
        a.sha256,
        a.intact ? { text: 'yes', style: 'pass' } : { text: 'NO', style: 'fail' },
      ]),
    ),
    '<h2>Journal</h2>',
    tableHtml(
      'journal',
      ['#', 'Time (UTC)', 'Event', 'Contents', 'Hash'],
      report.journal.map((entry) => [String(entry.seq), entry.time, entry.event.type, eventText(entry), entry.hash]),
    ),
    '<h2>What this report can show</h2>',
    ...LIMITS.map((limit) => paragraphHtml(limit, 'note')),
  ])
}

const LIMITS = [
  'The verdict is the one that was reached during the run. To verify it again: hsm-enroll check --attestation … --csr … with the files above.',
  'Each hash in the journal covers its entry and the previous hash, so no entry before the last can be changed, added or removed. Only a copy of the last hash that was kept elsewhere shows that the whole journal was not rewritten.',
  'No attestation says when the key was generated, who knows the PIN, or that the device still holds the key.',
]

const runFacts = ({ run, record, journalHead, made, program }: EvidenceReport) =>
  [
    ['Run', run],
    ['State', `${record.state}${record.test ? ' (test order)' : ''}`],
    ['Begun', record.startedAt],
    ['Last change', record.updatedAt],
    ['Device', setting(record.settings['device.uri'])],
    ['Key', record.keyLocation],
    ['SPKI SHA-256', record.spkiSha256],
    ['Sent to', record.submission?.endpoint],
    ['Order', record.orderNumber],
    ['Charged', record.paymentRequired === true ? `${record.amount ?? ''} (still to be paid)` : record.amount],
    ['Outcome unknown', record.unknownReason],
    [
      'Refused by the CA',
      record.refusal === undefined ? undefined : `${record.refusal.code}: ${record.refusal.message}`,
    ],
    ['Rejected by the CA', record.rejection],
    ['Certificate serial', record.certificateSerial],
    ['Certificate ends', record.certificateNotAfter],
    ['Certificate at', record.certificateLocation],
    ['Last journal hash', journalHead],
    ['Report made', `${made} by ${program}`],
  ] as const

const setting = (value: string | readonly string[] | undefined): string | undefined =>
  value === undefined || typeof value === 'string' ? value : value.join(', ')

/** A verdict whose file was changed is not shown as one, and not passed over either. */
function noVerdict({ record, artefacts }: EvidenceReport): string {
  const file = record.checkResult?.file
  return file !== undefined && artefacts.some((artefact) => artefact.file === file)
    ? paragraphHtml(`The verdict on file (${file}) is not the one that was recorded; it is not shown.`, 'fail')
    : paragraphHtml('The evidence was not judged in this run.')
}

function verdictHtml({ record }: EvidenceReport, verdict: AttestationResult): readonly string[] {
  const { genuine, acceptable, device, attestedKey: key, trustAnchor: anchor } = verdict
  const ownAnchor = anchor?.origin === 'user'
  const relaxed = Object.entries(record.settings).filter(
    ([path]) => path.startsWith('policy.') && path !== 'policy.profile',
  )
  return [
    paragraphHtml(
      `${genuine ? 'Genuine' : 'Not genuine'}, ${acceptable ? 'acceptable' : 'not acceptable'}.`,
      acceptable ? 'pass' : 'fail',
    ),
    ...(ownAnchor
      ? [
          paragraphHtml(
            'The chain ends in a key that the operator trusts, not in a built-in key of the vendor.',
            'warn',
          ),
        ]
      : []),
    factsHtml([
      ['Family', verdict.hsmType],
      ['Device', [device.vendor, device.model].filter((part) => part !== undefined).join(' ')],
      ['Serial number', device.serial],
      ['Firmware', device.firmware],
      ['FIPS', device.fips],
      ['Attested key', key === undefined ? undefined : `${key.type} ${key.bits ?? key.curve ?? ''}`],
      ['Its SPKI SHA-256', key?.spkiSha256],
      ...claimFacts(verdict.claims),
      ['Trust anchor', anchor === undefined ? 'none' : `${anchor.name} (${anchor.origin})`],
      ['Anchor’s SPKI SHA-256', anchor?.spkiSha256],
      ['Rules', setting(record.settings['policy.profile'])],
      ['Rules set by hand', relaxed.map(([path, value]) => `${path}: ${setting(value)}`).join(', ')],
    ]),
    '<h2>Checks</h2>',
    tableHtml('checks', ['Check', 'Result', 'What was found', 'Rule from'], verdict.checks.map(checkRow)),
    '<h2>Chain</h2>',
    tableHtml(
      'chain',
      ['Subject', 'Issuer', 'Until', 'SHA-256'],
      verdict.chain.map((link) => [link.subject, link.issuer, link.notAfter ?? 'no end', link.sha256]),
    ),
  ]
}

const checkRow = ({ id, status, detail, source }: Check) => [id, { text: status, style: status }, detail, source]

const claimFacts = (claims: KeyClaims): readonly (readonly [string, string])[] =>
  Object.entries(claims).flatMap(([name, value]) =>
    value === undefined ? [] : [[`Claim: ${name}`, Array.isArray(value) ? value.join(', ') : String(value)] as const],
  )

/** The plain values of an event; what is longer (the settings, the CA's steps) is in the JSON report. */
const eventText = ({ event }: JournalEntry): string =>
  Object.entries(event)
    .flatMap(([name, value]) => (name === 'type' || !isPlain(value) ? [] : [`${name}: ${value}`]))
    .join(', ')

const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
