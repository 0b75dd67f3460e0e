import type { FormView } from './form-view.ts'

/** A rule of a table: the words of the document, and the test. */
export interface Condition {
  readonly text: string
  readonly holds: (form: FormView) => boolean
}

/** How sure the name of a row is: `high` same wording, type and length in a document with names; `medium` by structure; `low` a guess. */
export type Confidence = 'high' | 'medium' | 'low'

/** Formats that a length does not say. */
export type ParameterFormat =
  | 'alphanumeric'
  | 'base64'
  | 'csr'
  | 'country'
  | 'digits'
  | 'email'
  | 'email-or-none'
  | 'duns'
  | 'date'

/** One row of a document's parameter table. Names are case-insensitive (3.44 manual, section 1). */
export interface Parameter {
  readonly name: string
  /** Other spellings that the documents use for the same parameter. */
  readonly aliases?: readonly string[]
  /** Slips of the documents' own examples: reported, and sent under the right name. */
  readonly misspelt?: readonly string[]
  readonly requirement: 'required' | 'optional' | 'conditional'
  readonly type: 'string' | 'char' | 'integer'
  /** Characters. */
  readonly max?: number
  readonly format?: ParameterFormat
  /** Values, case-sensitive. */
  readonly allowed?: readonly string[]
  /** Values that are allowed but that somebody should look at. */
  readonly doubtful?: Readonly<Record<string, string>>
  /** The value is a comma list of the allowed ones. */
  readonly list?: true
  /** What the CA takes where the parameter is absent. */
  readonly default?: string
  /** Makes a conditional (or an optional) parameter obligatory. */
  readonly requiredWhen?: Condition
  /** Absence where the condition holds is reported, not refused. */
  readonly wantedWhen?: Condition
  /** Sending it where this does not hold is reported: the documents call it irrelevant, and one of their examples does it. */
  readonly relevantWhen?: Condition
  /** Sending it where this does not hold earns -83. */
  readonly appliesWhen?: Condition
  /** Where the documents have another number than -83 for it. */
  readonly inapplicableCode?: number
  /** The page and row. */
  readonly source: string
  readonly confidence?: Confidence
  /** Where the documents contradict one another: what this program does, and why. */
  readonly decision?: string
}

/** A whole table, with what its parameters have between them. */
export interface ParameterTable {
  readonly endpoint: string
  readonly title: string
  readonly source: string
  readonly parameters: readonly Parameter[]
  readonly rules: readonly TableRule[]
}

/** A rule over several parameters. `violated` says what is wrong, or nothing. */
export interface TableRule {
  readonly parameter: string
  readonly severity: 'fail' | 'warn'
  /** The documents' error number where the CA has one for it. */
  readonly code?: number
  readonly violated: (form: FormView) => string | undefined
  readonly remedy: string
  readonly source: string
}
