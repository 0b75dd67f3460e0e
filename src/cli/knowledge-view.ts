import type { Knowledge } from '../knowledge/knowledge.ts'

const DAY = 86_400_000

/** Whole days since the tables were put together; 0 by a clock that is behind. */
export const ageInDays = ({ issued }: Pick<Knowledge, 'issued'>, now: number): number =>
  Math.max(0, Math.floor((now - Date.parse(issued)) / DAY))

/** `knowledge: built-in, serial 1, issued 2026-11-29, 3 days old`. */
export function knowledgeFact({ serial, issued, origin }: Knowledge, now: number): string {
  const age = ageInDays({ issued }, now)
  return `knowledge: ${origin}, serial ${serial}, issued ${issued}, ${age} ${age === 1 ? 'day' : 'days'} old`
}
