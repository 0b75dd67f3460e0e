import { EXIT, type ExitCode } from '../../errors.ts'
import { printable } from '../../printable.ts'
import { lineIn, type OutputForm, styledIn } from '../output-form.ts'
import { REPORT_FORMATS, type ReportFormatName } from './formats.ts'
import type { Outcome } from './item.ts'

/** How outcomes are written: in a report, or as lines. Plain data: it goes to each worker once. */
export interface RowForm {
  readonly report?: ReportFormatName
  readonly output: OutputForm
}

/** Outcomes as they are printed, one behind the other, and as they count. */
export interface Rows {
  readonly text: string
  readonly acceptable: number
  readonly refused: number
  readonly unreadable: number
  /** The worst: a defect before what is unreadable, that before what is refused. */
  readonly exitCode: ExitCode
}

/** Made where the outcomes are, and one text of many: what is passed on to another thread, and written, costs by the piece. */
export function rowsIn(form: RowForm, outcomes: readonly Outcome[]): Rows {
  const counts = { acceptable: 0, refused: 0, unreadable: 0 }
  let exitCode: ExitCode = EXIT.done
  for (const { result, error } of outcomes) {
    const kind = result === undefined ? 'unreadable' : result.acceptable ? 'acceptable' : 'refused'
    counts[kind]++
    const code = { unreadable: error?.exitCode ?? EXIT.defect, acceptable: EXIT.done, refused: EXIT.refused }[kind]
    if (code > exitCode) exitCode = code
  }
  return { text: textIn(form, outcomes), ...counts, exitCode }
}

function textIn({ report, output }: RowForm, outcomes: readonly Outcome[]): string {
  if (report === undefined)
    return outcomes.map((outcome) => lineIn(output, outcome, () => lineOf(outcome, output))).join('')
  const { each, between } = REPORT_FORMATS[report]
  return outcomes
    .map(each)
    .filter((text) => text !== '')
    .join(between)
}

function lineOf({ name, result, error }: Outcome, output: OutputForm): string {
  const at = printable(name)
  const cross = styledIn(output, 'red', '✗')
  if (result === undefined) return `${cross} ${at}: ${printable(error?.message ?? '')} (${error?.code})`
  const { hsmType, device, acceptable, genuine, checks } = result
  const of = [hsmType, device.serial].filter((part) => part !== undefined).join(' ')
  if (acceptable) return `${styledIn(output, 'green', '✓')} ${at}: ${printable(of)}, acceptable`
  const why = checks.find(({ status }) => status === 'fail')
  return `${cross} ${at}: ${printable(of)}, ${genuine ? 'genuine, but not acceptable' : 'not genuine'}: ${printable(why?.detail ?? '')} (${why?.id})`
}
