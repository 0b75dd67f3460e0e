/**
 * Misbehaviour on demand. A fault names a call, which occurrence of it (counted from when the script was set), the
 * moment, and what happens. As text: `C_Sign#2:before:answer=CKR_DEVICE_ERROR`, `C_GenerateKeyPair:after:drop`,
 * `C_Sign:before:delay=500`, `C_GenerateKeyPair#1:during:remove-token`, `C_Login:before:hang`.
 */
import { isReturnValueName, RETURN_VALUES } from './return-values.ts'
import { isCallName } from './rpc-calls.ts'

export type FaultAction =
  /** The call ends with this CK_RV. */
  | { readonly do: 'answer'; readonly returnValue: number }
  /** The connection ends without an answer. */
  | { readonly do: 'drop' }
  | { readonly do: 'delay'; readonly milliseconds: number }
  /** No answer, ever; the connection stays. */
  | { readonly do: 'hang' }
  /** The token of the session's slot (or of the first slot) is pulled out. */
  | { readonly do: 'remove-token' }

export interface Fault {
  readonly call: string
  /** 1 is the next such call. Without it: every one. */
  readonly occurrence?: number
  /** `before`: the call has no effect. `during`: it has begun. `after`: it had its effect, but the answer is this. */
  readonly when: 'before' | 'during' | 'after'
  readonly action: FaultAction
}

export class FaultScriptError extends Error {
  override readonly name = 'FaultScriptError'
}

const TEXT = /^(C_[A-Za-z]+)(?:#([1-9]\d{0,5}))?:(before|during|after):([a-z-]+)(?:=(\w+))?$/
const MAX_DELAY = 60_000

/** Throws FaultScriptError. */
export function parseFault(text: string): Fault {
  const [, call = '', occurrence, when = '', action = '', value = ''] = TEXT.exec(text.trim()) ?? []
  if (!isCallName(call)) throw new FaultScriptError(`not a fault: "${text.slice(0, 80)}"`)
  return {
    call,
    ...(occurrence === undefined ? {} : { occurrence: Number(occurrence) }),
    when: when === 'before' || when === 'during' ? when : 'after',
    action: parseAction(action, value),
  }
}

function parseAction(action: string, value: string): FaultAction {
  switch (action) {
    case 'answer':
      return { do: 'answer', returnValue: parseReturnValue(value) }
    case 'delay': {
      const milliseconds = Number(value)
      if (!Number.isInteger(milliseconds) || milliseconds < 1 || milliseconds > MAX_DELAY) {
        throw new FaultScriptError(`a delay is 1 to ${MAX_DELAY} milliseconds`)
      }
      return { do: 'delay', milliseconds }
    }
    case 'drop':
    case 'hang':
    case 'remove-token':
      return { do: action }
    default:
      throw new FaultScriptError(`no action "${action.slice(0, 40)}"`)
  }
}

function parseReturnValue(text: string): number {
  if (isReturnValueName(text) && text !== 'CKR_OK') return RETURN_VALUES[text]
  if (/^0x[0-9a-f]{1,8}$/i.test(text) && Number(text) !== 0) return Number(text)
  throw new FaultScriptError(`not a CK_RV that says failure: "${text.slice(0, 40)}"`)
}

/** A JSON array of faults in their text form. Throws FaultScriptError. */
export function readFaultScript(json: string): Fault[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    throw new FaultScriptError('the fault script is not JSON')
  }
  if (!Array.isArray(parsed) || !parsed.every((item) => typeof item === 'string')) {
    throw new FaultScriptError('the fault script is not an array of strings')
  }
  return parsed.map(parseFault)
}

/** Hands out the faults that are due. */
export class FaultScript {
  #faults: readonly Fault[] = []
  #seen = new Map<string, number>()

  set(faults: readonly Fault[]): void {
    this.#faults = faults
    this.#seen = new Map()
  }

  /** The faults for this occurrence of the call, in the order of the script. */
  due(call: string): readonly Fault[] {
    const occurrence = (this.#seen.get(call) ?? 0) + 1
    this.#seen.set(call, occurrence)
    return this.#faults.filter(
      (fault) => fault.call === call && (fault.occurrence === undefined || fault.occurrence === occurrence),
    )
  }
}
