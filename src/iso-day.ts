const DAY = 86_400_000
/** The last day asked for: batches ask for one day again and again. */
let last = { day: 0, text: '1970-01-01' }

/** `2026-11-22`, in UTC, of milliseconds since 1970. */
export function isoDay(time: number): string {
  const day = Math.floor(Math.trunc(time) / DAY)
  if (day !== last.day) last = { day, text: new Date(time).toISOString().slice(0, 10) }
  return last.text
}

/** True for a day that the calendar has, as YYYY-MM-DD. */
export function isIsoDay(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN
  return !Number.isNaN(time) && isoDay(time) === text
}
