import type { Refusal } from '../certificate-authority.ts'

/** One row of an endpoint's error table. The same number means different things at different endpoints. */
export interface ErrorRow {
  /** The number, or the bounds within which it lies where the page in hand lost it (numbers ascend in every table seen). */
  readonly code: number | { readonly from: number; readonly to: number }
  /** The CA's text; quoted marks stand for names and values. Absent where lost. */
  readonly message?: string
  readonly cause: string
  readonly remedy: string
  /** The same request can never succeed. */
  readonly final: boolean
  /** The CA failed while it worked on the request: what it did before is not known. */
  readonly doubtful?: true
  readonly source?: string
}

export interface ErrorTable {
  readonly endpoint: string
  readonly source: string
  readonly rows: readonly ErrorRow[]
  /** Numbers that only another document of the CA has for this endpoint. */
  readonly elsewhere?: readonly ErrorRow[]
}

/** Exact row first; else every row whose bounds hold the number. */
export function rowsFor(table: ErrorTable, code: number): readonly ErrorRow[] {
  const exact = [...table.rows, ...(table.elsewhere ?? [])].filter((row) => row.code === code)
  if (exact.length > 0) return exact
  return table.rows.filter((row) => typeof row.code !== 'number' && row.code.from <= code && code <= row.code.to)
}

/** Explains a refusal. A number that no table has is kept with the CA's own words: the CA may add numbers. */
export function explainRefusal(table: ErrorTable, code: number, message: string): Refusal {
  const rows = rowsFor(table, code)
  const [first, ...others] = rows
  if (first === undefined) {
    return {
      code,
      message,
      cause: `${table.endpoint} answered ${code}, which its documents do not list`,
      remedy: "Read the CA's message; ask partnerapisupport@sectigo.com. Check the balance before ordering again.",
      final: false,
      doubtful: true,
    }
  }
  const exact = typeof first.code === 'number'
  return {
    code,
    message: message === '' ? (first.message ?? '') : message,
    cause: exact ? first.cause : `probably one of: ${[first, ...others].map((row) => row.cause).join('; ')}`,
    remedy: exact ? first.remedy : `Read the CA's message. ${first.remedy}`,
    final: rows.every((row) => row.final),
    ...(rows.some((row) => row.doubtful === true) ? { doubtful: true } : {}),
  }
}
