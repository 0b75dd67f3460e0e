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
export const compareVersions = (one: string, other: string): number | undefined => difference(numbersOf(one), other)

function difference(a: Numbers | undefined, other: string): number | undefined {
  const b = numbersOf(other)
  return a === undefined || b === undefined ? undefined : a.upper - b.upper || a.lower - b.lower
}

/** Two parts each, of five digits each. */
interface Numbers {
  readonly upper: number
  readonly lower: number
}

/** The versions of tables and of the devices of a batch, read once; a text that is no version is not kept. */
const read = new Map<string, Numbers>()
const MAX_READ = 256

function numbersOf(text: string): Numbers | undefined {
  const known = read.get(text)
  if (known !== undefined) return known
  if (!isVersion(text)) return undefined
  const [first = 0, second = 0, third = 0, fourth = 0] = text.split('.').map(Number)
  const numbers = { upper: first * 100_000 + second, lower: third * 100_000 + fourth }
  if (read.size >= MAX_READ) read.clear()
  read.set(text, numbers)
  return numbers
}

/** Undefined if the version, or an end of the range, cannot be read: what is not known is neither within nor without. */
export function isWithin(version: string | undefined, { from, to, before }: VersionRange): boolean | undefined {
  if (version === undefined) return undefined
  const numbers = numbersOf(version)
  const afterFrom = from === undefined ? 0 : difference(numbers, from)
  const afterTo = to === undefined ? 0 : difference(numbers, to)
  const afterBefore = before === undefined ? -1 : difference(numbers, before)
  if (afterFrom === undefined || afterTo === undefined || afterBefore === undefined) return undefined
  return afterFrom >= 0 && afterTo <= 0 && afterBefore < 0
}

/** `5.4.2 to 5.4.3`, `before 5.7.0`, `any firmware`. */
export function describeRange({ from, to, before }: VersionRange): string {
  if (before !== undefined) return from === undefined ? `before ${before}` : `${from} up to, but not, ${before}`
  if (from === undefined) return to === undefined ? 'any firmware' : `up to ${to}`
  if (to === undefined) return `${from} and later`
  return from === to ? from : `${from} to ${to}`
}
