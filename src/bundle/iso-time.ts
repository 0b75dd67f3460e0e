/** Milliseconds since 1970 of a time as `toISOString` prints it; undefined for any other text. */
export function isoTime(text: string): number | undefined {
  const time = Date.parse(text)
  return !Number.isNaN(time) && new Date(time).toISOString() === text ? time : undefined
}
