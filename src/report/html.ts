import { printable } from '../printable.ts'

/** The little HTML that a report needs. Every text is escaped here, and nowhere else is markup made of a text. */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
/** Line ends and tabs stay: a page breaks lines of its own. What turns a line shows a text as it is not. */
export const escapeHtml = (text: string): string =>
  text
    .split(/([\n\t]+)/)
    .map((part, index) => (index % 2 === 1 ? part : printable(part)))
    .join('')
    .replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c)

/** A cell of a table; `style` is a class of the style sheet. */
export type Cell = string | { readonly text: string; readonly style: string }

const cellHtml = (cell: Cell): string =>
  typeof cell === 'string' ? `<td>${escapeHtml(cell)}</td>` : `<td class="${cell.style}">${escapeHtml(cell.text)}</td>`

const rowHtml = (cells: readonly string[]): string => `<tr>${cells.join('')}</tr>`

/** `name` becomes the class of the table. A header stands on every printed page. */
export function tableHtml(name: string, header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const head = rowHtml(header.map((title) => `<th scope="col">${escapeHtml(title)}</th>`))
  const body = rows.map((row) => rowHtml(row.map(cellHtml))).join('')
  return `<table class="${name}"><thead>${head}</thead><tbody>${body}</tbody></table>`
}

/** Names and values, without those that have none. */
export function factsHtml(facts: readonly (readonly [string, string | undefined])[]): string {
  const rows = facts.flatMap(([name, value]) =>
    value === undefined || value === ''
      ? []
      : [`<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`],
  )
  return `<table class="facts"><tbody>${rows.join('')}</tbody></table>`
}

export const paragraphHtml = (text: string, style = ''): string =>
  `<p${style === '' ? '' : ` class="${style}"`}>${escapeHtml(text)}</p>`

/** A whole page that runs no script and fetches nothing. `content` is markup already. */
export function pageHtml(title: string, style: string, content: readonly string[]): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><style>${style}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${content.join('\n')}
</body></html>
`
}
