/** `2026-11-22`, in UTC, of milliseconds since 1970. */
export const isoDay = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** True for a day that the calendar has, as YYYY-MM-DD. */
export function isIsoDay(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && isoDay(time) === text
}
