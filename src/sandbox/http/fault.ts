/** A misbehaviour asked for: the next fitting request, once, unless it says otherwise. */
export type Fault = FaultTarget & (StatusFault | DropFault | SlowFault | AlterFault)

interface FaultTarget {
  /** Name of the API call; any call where absent. */
  readonly call?: string
  /** Fitting requests that are served well first. */
  readonly skip?: number
  /** How many requests it spoils; default 1. */
  readonly times?: number
}

interface StatusFault {
  readonly kind: 'status'
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** The work is done all the same, and only then is the error sent. */
  readonly afterWork?: boolean
}

interface DropFault {
  readonly kind: 'drop'
  /** The connection ends after the work was done: the reply is lost and nothing else. */
  readonly afterWork?: boolean
}

interface SlowFault {
  readonly kind: 'slow'
  readonly ms: number
}

interface AlterFault {
  readonly kind: 'alter'
  /** Changes a good reply: a wrong CRC, a wrong name. */
  readonly change: (reply: Record<string, unknown>) => void
}

interface Armed {
  readonly fault: Fault
  skip: number
  times: number
}

export class FaultPlan {
  #armed: Armed[] = []

  add(fault: Fault): void {
    this.#armed.push({ fault, skip: fault.skip ?? 0, times: fault.times ?? 1 })
  }

  clear(): void {
    this.#armed = []
  }

  /** The fault for this request, used up by it. */
  take(call: string): Fault | undefined {
    for (const armed of this.#armed) {
      if (armed.times === 0 || (armed.fault.call !== undefined && armed.fault.call !== call)) continue
      if (armed.skip > 0) {
        armed.skip--
        continue
      }
      armed.times--
      return armed.fault
    }
    return undefined
  }
}
