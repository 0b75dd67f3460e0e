/** Firmware versions, both ends included; an end that is absent is open. */
export interface VersionRange {
  readonly from?: string
  readonly to?: string
  /** The first version that is no longer within. */
  readonly before?: string
}

const VERSION = /^\d{1,5}(?:\.\d{1,5}){0,3}$/

/** True if the text is a version as devices state them: `5.4.3`, `7.84`. */
export const isVersion = (text: string): boolean => VERSION.test(text)

/** Negative, 0 or positive; a part that is absent counts as 0. Undefined if either text is not a version. */
export function compareVersions(one: string, other: string): number | undefined {
  if (!isVersion(one) || !isVersion(other)) return undefined
  const [a, b] = [one, other].map((text) => text.split('.').map(Number))
  for (let part = 0; part < 4; part++) {
    const difference = (a?.[part] ?? 0) - (b?.[part] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Undefined if the version, or an end of the range, cannot be read: what is not known is neither within nor without. */
export function isWithin(version: string | undefined, { from, to, before }: VersionRange): boolean | undefined {
  if (version === undefined) return undefined
  const orders = [from, to, before].map((end) => (end === undefined ? 'open' : compareVersions(version, end)))
  if (orders.includes(undefined)) return undefined
  const [afterFrom, afterTo, afterBefore] = orders
  return (
    (typeof afterFrom !== 'number' || afterFrom >= 0) &&
    (typeof afterTo !== 'number' || afterTo <= 0) &&
    (typeof afterBefore !== 'number' || afterBefore < 0)
  )
}

/** `5.4.2 to 5.4.3`, `before 5.7.0`, `any firmware`. */
export function describeRange({ from, to, before }: VersionRange): string {
  if (before !== undefined) return from === undefined ? `before ${before}` : `${from} up to, but not, ${before}`
  if (from === undefined) return to === undefined ? 'any firmware' : `up to ${to}`
  if (to === undefined) return `${from} and later`
  return from === to ? from : `${from} to ${to}`
}
