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

/** An outcome as it is printed, and as it counts. */
export interface Row {
  readonly text: string
  readonly counts: 'acceptable' | 'refused' | 'unreadable'
  readonly exitCode: ExitCode
}

/** Made where the outcome is: to write it takes as long as to pass it on to another thread. */
export function rowIn({ report, output }: RowForm, outcome: Outcome): Row {
  const { result, error } = outcome
  const text =
    report === undefined ? lineIn(output, outcome, () => lineOf(outcome, output)) : REPORT_FORMATS[report].each(outcome)
  if (result === undefined) return { text, counts: 'unreadable', exitCode: error?.exitCode ?? EXIT.defect }
  return result.acceptable
    ? { text, counts: 'acceptable', exitCode: EXIT.done }
    : { text, counts: 'refused', exitCode: EXIT.refused }
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
