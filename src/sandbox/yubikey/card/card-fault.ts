/** Misbehaviour on demand: what a card does at its next command with an instruction code. */
export interface CardFault {
  /** INS of the command, as `INS` in piv-applet.ts names them. */
  readonly instruction: number
  /** Only where the command names this slot (P1 of ATTEST, P2 elsewhere). */
  readonly slot?: number
  /** 1 for the next such command, 2 for the one after. Default 1. */
  readonly occurrence?: number
  /** Goes on misbehaving. Default: once. */
  readonly forever?: boolean
  readonly effect: FaultEffect
}

export type FaultEffect =
  /**
   * The card is pulled out: `before` it acts (nothing changed, no reply), `during` (the change is made, the reply is lost)
   * or `after` the reply went out.
   */
  | { readonly kind: 'remove'; readonly when: 'before' | 'during' | 'after' }
  /** Does nothing and answers this status word. */
  | { readonly kind: 'status'; readonly statusWord: number }
  /** Acts, after a wait. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Acts, and flips bits of the data it answers (a spoilt signature or public key). */
  | { readonly kind: 'corrupt' }

/** The card was pulled out in the middle of a command. */
export class CardRemoved extends Error {
  override readonly name = 'CardRemoved'
}

export class FaultPlan {
  #pending: { readonly fault: CardFault; wait: number }[] = []

  add(fault: CardFault): void {
    this.#pending.push({ fault, wait: fault.occurrence ?? 1 })
  }

  clear(): void {
    this.#pending = []
  }

  /** The effect due at this command, and counts it. */
  take(command: { readonly ins: number; readonly p1: number; readonly p2: number }): FaultEffect | undefined {
    for (const entry of this.#pending) {
      const { instruction, slot, forever, effect } = entry.fault
      if (instruction !== command.ins) continue
      if (slot !== undefined && slot !== command.p1 && slot !== command.p2) continue
      if (--entry.wait > 0) continue
      if (!forever) this.#pending = this.#pending.filter((other) => other !== entry)
      return effect
    }
    return undefined
  }
}
