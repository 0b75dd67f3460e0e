import type { FormFault } from '../../sectigo/certificate-authority.ts'

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
