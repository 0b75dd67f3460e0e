import type { Check } from '../attestation/attestation-result.ts'
import type { EvidenceReport } from './evidence-report.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c)

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #ddd;padding:.3rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
.pass{color:#176d2c}.fail{color:#a31515;font-weight:600}.warn{color:#8a5a00}code{font-size:.85em}`

type Cell = string | { readonly text: string; readonly style: string }

function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cell = (value: Cell): string =>
    typeof value === 'string'
      ? `<td>${escapeHtml(value)}</td>`
      : `<td class="${value.style}">${escapeHtml(value.text)}</td>`
  const head = header.length === 0 ? '' : `<tr>${header.map((name) => `<th>${escapeHtml(name)}</th>`).join('')}</tr>`
  return `<table>${head}${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('')}</table>`
}

/** One self-contained page: no script, nothing fetched, everything from outside escaped. */
export function evidenceReportHtml(report: EvidenceReport): string {
  const { record, verdict } = report
  const facts: [string, string | undefined][] = [
    ['Run', report.run],
    ['State', `${record.state}${record.test ? ' (test order)' : ''}`],
    ['Key', record.keyLocation],
    ['SPKI SHA-256', record.spkiSha256],
    ['Order', record.orderNumber],
    ['Certificate serial', record.certificateSerial],
    ['Certificate ends', record.certificateNotAfter],
    ['Journal head', report.journalHead],
    ['Report made', `${report.made} by ${report.program}`],
  ]
  const title = `Evidence report, run ${report.run}`
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${table(
  [],
  facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
)}
<h2>Verdict</h2>
${verdict === undefined ? '<p>No verdict on file.</p>' : verdictHtml(verdict.genuine, verdict.acceptable, verdict.checks)}
${verdict === undefined ? '' : chainHtml(report)}
<h2>Files</h2>
${table(
  ['File', 'SHA-256', 'As recorded'],
  report.artefacts.map((a) => [
    a.file,
    a.sha256,
    a.intact ? { text: 'yes', style: 'pass' } : { text: 'NO', style: 'fail' },
  ]),
)}
<h2>Journal</h2>
${table(
  ['#', 'Time (UTC)', 'Event', 'Hash'],
  report.journal.map((entry) => [String(entry.seq), entry.time, entry.event.type, entry.hash]),
)}
</body></html>
`
}

function verdictHtml(genuine: boolean, acceptable: boolean, checks: readonly Check[]): string {
  const summary = `<p class="${acceptable ? 'pass' : 'fail'}">${genuine ? 'Genuine' : 'Not genuine'}, ${acceptable ? 'acceptable' : 'not acceptable'}.</p>`
  return (
    summary +
    table(
      ['Check', 'Result', 'What was found', 'Rule from'],
      checks.map((check) => [check.id, { text: check.status, style: check.status }, check.detail, check.source]),
    )
  )
}

function chainHtml({ verdict }: EvidenceReport): string {
  const links = verdict?.chain.map((link) => [link.subject, link.issuer, link.notAfter ?? '', link.sha256]) ?? []
  const anchor = verdict?.trustAnchor
  return `<h2>Chain</h2>${table(['Subject', 'Issuer', 'Until', 'SHA-256'], links)}<p>Trust anchor: ${escapeHtml(anchor === undefined ? 'none' : `${anchor.name} (${anchor.origin}), SPKI SHA-256 ${anchor.spkiSha256}`)}</p>`
}
