import { printable } from '../printable.ts'
import type { Output } from './output.ts'

/** What `plan` and `doctor` have to say of one thing. */
export interface Finding {
  readonly area: 'program' | 'profile' | 'device' | 'order'
  readonly severity: 'ok' | 'warning' | 'blocker'
  readonly message: string
  readonly remedy?: string
}

/** One finding as a person reads it; what to do stands below what was found. */
export function formatFinding({ area, severity, message, remedy }: Finding, output: Output): string {
  const colour = { ok: 'green', warning: 'yellow', blocker: 'red' } as const
  const found = `${output.style(colour[severity], severity.padEnd(7))}  ${area.padEnd(7)}  ${printable(message)}`
  return remedy === undefined ? found : `${found}\n${' '.repeat(18)}Try: ${printable(remedy)}`
}
