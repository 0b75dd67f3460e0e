/** What tests, `sandbox` and the stand-ins of vendor tools ask of a running token: one line of JSON each way over a unix socket. */
import type { TokenStatistics } from './statistics.ts'

export type ControlRequest =
  | { readonly do: 'statistics' }
  | { readonly do: 'reset-statistics' }
  /** Faults in their text form; replaces the script. */
  | { readonly do: 'faults'; readonly faults: readonly string[] }
  | { readonly do: 'insert-token' | 'remove-token'; readonly slot: number }
  | { readonly do: 'tries-left'; readonly slot: number; readonly role: 'user' | 'so'; readonly tries: number }
  | { readonly do: 'drop-connections' }
  | { readonly do: 'objects' }
  /** Checks a PIN as C_Login does, at the price of one try where it is wrong. */
  | { readonly do: 'check-pin'; readonly slot: number; readonly pin: string }

/** Everything that the token would tell of an object; secret values are not among the attributes. */
export interface ObjectView {
  readonly handle: number
  readonly slot: number
  readonly tokenObject: boolean
  /** CKA type in hex (no prefix) -> value in base64, in memory order. */
  readonly attributes: Readonly<Record<string, string>>
  /** What the vendor's tool would export, base64. */
  readonly evidence?: string
}

export interface ControlReply {
  readonly error?: string
  readonly statistics?: TokenStatistics
  readonly objects?: readonly ObjectView[]
  /** CK_RV of `check-pin`. */
  readonly returnValue?: number
}

const isSlot = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** One line of JSON as a request. Throws TypeError or SyntaxError with one line of why. */
export function readControlRequest(line: string): ControlRequest {
  const parsed: unknown = JSON.parse(line)
  if (typeof parsed !== 'object' || parsed === null) throw new TypeError('a request is an object')
  const { do: what, faults, slot, role, tries, pin } = parsed as Readonly<Record<string, unknown>>
  switch (what) {
    case 'statistics':
    case 'reset-statistics':
    case 'drop-connections':
    case 'objects':
      return { do: what }
    case 'faults':
      if (!Array.isArray(faults)) throw new TypeError('faults is an array')
      return { do: what, faults: faults.map(String) }
    case 'insert-token':
    case 'remove-token':
      if (!isSlot(slot)) break
      return { do: what, slot }
    case 'tries-left':
      if (!isSlot(slot) || !isSlot(tries) || (role !== 'user' && role !== 'so')) break
      return { do: what, slot, role, tries }
    case 'check-pin':
      if (!isSlot(slot) || typeof pin !== 'string') break
      return { do: what, slot, pin }
  }
  throw new TypeError('no such request')
}
