import { EnrollError } from './errors.ts'

const DAY = 86_400_000

/** `30d` or `30` (days), `36h`, `6w`; in milliseconds, at most 100 years. Throws EnrollError `usage`, which names `option`. */
export function readPeriod(text: string, option: string): number {
  const [, count = '', unit = 'd'] = /^(\d{1,6})([hdw])?$/.exec(text) ?? []
  const period = Number(count) * UNITS[unit as keyof typeof UNITS]
  if (count !== '' && period <= 36_525 * DAY) return period
  throw new EnrollError('usage', `Could not read ${option}: it is not a period such as 30d, 36h or 6w.`, {
    remedy: `Specify a number of days: ${option} 30d.`,
  })
}

const UNITS = { h: DAY / 24, d: DAY, w: 7 * DAY } as const

/** Whole days, rounded down: 0 on the last one, -1 on the day after. */
export const wholeDays = (milliseconds: number): number => Math.floor(milliseconds / DAY)
