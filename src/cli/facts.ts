import { printable } from '../printable.ts'

/** A heading, and below it one line per fact. Control characters of hostile input are shown, not sent. */
export function formatFacts(heading: string, facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length))
  const lines = facts.map(([name, value]) => `  ${name.padEnd(width)}  ${printable(value)}`)
  return [printable(heading), ...lines].join('\n')
}
