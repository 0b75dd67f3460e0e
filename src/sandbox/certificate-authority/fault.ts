/** What can go wrong between a client and the CA. Each request uses up one matching fault. */
export interface Fault {
  /** Which endpoint; every one where absent. */
  readonly endpoint?: string
  readonly kind: FaultKind
  /**
   * Is the request carried out before it goes wrong? Default true, which is the dangerous half. `drop-before-accept` and
   * `error` never carry it out.
   */
  readonly accepts?: boolean
  /** How many requests it befalls. Default 1. */
  readonly times?: number
  /** Milliseconds, for `slow`. Default 1000. */
  readonly delay?: number
  /** For `slow`: the answer is held back until this settles, however long that is. */
  readonly until?: Promise<unknown>
  /** HTTP status, for `server-error`. Default 503. */
  readonly status?: number
  /** For `error`: the documented number and text. */
  readonly code?: number
  readonly message?: string
}

export const FAULT_KINDS = [
  'drop-before-accept',
  'lost-reply',
  'slow',
  'hang',
  'garbage',
  'html',
  'server-error',
  'wrong-content-type',
  'truncated',
  'oversize',
  'redirect',
  'empty',
  'error',
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** Faults in the order in which they were ordered. */
export class FaultList {
  readonly #faults: { readonly fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? 1 })
  }

  clear(): void {
    this.#faults.length = 0
  }

  /** Takes the next fault for an endpoint. */
  take(endpoint: string): Fault | undefined {
    const index = this.#faults.findIndex(({ fault }) => fault.endpoint === undefined || fault.endpoint === endpoint)
    const entry = this.#faults[index]
    if (entry === undefined) return undefined
    entry.left -= 1
    if (entry.left <= 0) this.#faults.splice(index, 1)
    return entry.fault
  }
}

export const carriesOut = ({ kind, accepts }: Fault): boolean =>
  kind !== 'drop-before-accept' && kind !== 'error' && (accepts ?? true)
