import type { CeremonySummary } from '../ceremony-summary.ts'
import { escapeHtml } from '../html.ts'
import { WORDS } from './words.ts'

/** A field to sign in for everybody who took part; without a ceremony, one for an auditor. Only names that were stated are filled in. */
export function signatureFields(ceremony: CeremonySummary | undefined): string {
  const people =
    ceremony === undefined || ceremony.unattended
      ? [{ role: WORDS.auditor, name: '', qualification: '' }]
      : ceremony.people
  return people.map(({ role, name, qualification = '' }) => fieldsOf(role, name, qualification)).join('')
}

function fieldsOf(role: string, name: string, qualification: string): string {
  const { fields } = WORDS
  const line = (label: string, value: string, style = ''): string =>
    `<div${style === '' ? '' : ` class="${style}"`}><span>${escapeHtml(label)}</span><span>${escapeHtml(value)}</span></div>`
  return `<div class="sign"><strong>${escapeHtml(role)}</strong>${line(fields.name, name)}${line(fields.qualification, qualification)}${line(fields.statement, '', 'tall')}${line(fields.date, '')}${line(fields.signature, '', 'tall')}</div>`
}
