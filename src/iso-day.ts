/** `2026-11-22`, in UTC, of milliseconds since 1970. */
export const isoDay = (time: number): string => new Date(time).toISOString().slice(0, 10)
