import { printable } from '../printable.ts'
import type { FormFault } from '../sectigo/certificate-authority.ts'
import type { Output } from './output.ts'

interface FindingText {
  readonly area: 'program' | 'profile' | 'device' | 'order' | 'evidence'
  readonly message: string
}

/** What `plan`, `doctor` and `--dry-run` have to say of one thing: schemas/findings.schema.json. */
export type Finding = (FindingText & { readonly severity: 'ok' }) | Complaint

interface Complaint extends FindingText {
  readonly severity: 'warning' | 'blocker'
  /** Stable: the code of the error that it would be, or the id of the check. */
  readonly code: string
  readonly remedy: string
  /** Of the order form, by Sectigo's name. */
  readonly parameter?: string
}

export const isBlocker = (finding: Finding): finding is Complaint => finding.severity === 'blocker'

/** What is wrong with an order form, as findings. */
export const formFinding = ({ severity, parameter, detail, remedy }: FormFault): Finding => ({
  area: 'order',
  severity: severity === 'fail' ? 'blocker' : 'warning',
  code: 'order.form',
  parameter,
  message: detail,
  remedy,
})

/** One finding as a person reads it; what to do stands below what was found. */
export function formatFinding(finding: Finding, output: Output): string {
  const { area, severity, message } = finding
  const colour = { ok: 'green', warning: 'yellow', blocker: 'red' } as const
  const found = `${output.style(colour[severity], severity.padEnd(7))}  ${area.padEnd(7)}  ${printable(message)}`
  return finding.severity === 'ok' ? found : `${found}\n${' '.repeat(18)}Try: ${printable(finding.remedy)}`
}
