import type { Finding } from '../enrollment/plan/finding.ts'
import { printable } from '../printable.ts'
import type { Output } from './output.ts'

/** One finding as a person reads it; what to do stands below what was found. */
export function formatFinding(finding: Finding, output: Output): string {
  const { area, severity, message } = finding
  const colour = { ok: 'green', warning: 'yellow', blocker: 'red' } as const
  const found = `${output.style(colour[severity], severity.padEnd(7))}  ${area.padEnd(7)}  ${printable(message)}`
  return finding.severity === 'ok'
    ? found
    : `${found}\n${' '.repeat(18)}Try: ${output.pasteable(printable(finding.remedy))}`
}
