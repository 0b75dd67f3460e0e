import type { Obstacle } from '../../../devices/device.ts'
import type { FormFault } from '../../sectigo/certificate-authority.ts'

/** What `plan`, `doctor` and `--dry-run` have to say of one thing: schemas/findings.schema.json. */
export type Finding = Acceptance | Complaint

/** It is as it should be. */
export interface Acceptance {
  readonly area: FindingArea
  readonly severity: 'ok'
  readonly message: string
}

/** It is not. A blocker stops an enrolment. */
export interface Complaint {
  readonly area: FindingArea
  readonly severity: 'warning' | 'blocker'
  readonly message: string
  /** Stable: the code of the error that it would be, or the id of the check. */
  readonly code: string
  readonly remedy: string
  /** Of the order form, by Sectigo's name. */
  readonly parameter?: string
}

/** What a finding is about. */
export type FindingArea = 'program' | 'profile' | 'device' | 'order' | 'evidence'

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

/** What a device, or its family, has to say. */
export const obstacleFinding = ({ severity, code, message, remedy }: Obstacle): Finding => ({
  area: 'device',
  severity,
  code,
  message,
  remedy,
})
