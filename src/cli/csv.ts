import { printable } from '../printable.ts'

/**
 * RFC 4180, with a header. A spreadsheet takes a cell that begins with =, +, - or @ for a formula, and names in certificates are
 * hostile input: such a text gets an apostrophe in front, numbers stay numbers. Control characters are shown, not sent.
 */
export const formatCsv = (header: readonly string[], rows: readonly CsvRow[]): string =>
  [header, ...rows].map(csvLine).join('\r\n')

type CsvRow = readonly (string | number | undefined)[]

/** One row of it, without the end of the line. */
export const csvLine = (row: CsvRow): string => row.map(cell).join(',')

function cell(value: string | number | undefined): string {
  if (typeof value === 'number') return String(value)
  const line = printable(value ?? '')
  const text = /^[=+\-@]/.test(line) ? `'${line}` : line
  return /[",]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
