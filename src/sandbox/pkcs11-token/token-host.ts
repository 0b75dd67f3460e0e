import { FaultScript } from './fault-script.ts'
import type { Personality } from './personality.ts'
import { CryptokiError } from './return-values.ts'
import { StatisticsCounter } from './statistics.ts'
import { Token } from './token.ts'

/** A slot whose token came or went. */
type SlotEvent = bigint

/** All slots of one personality. Outlives every connection: this is the "HSM". */
export class TokenHost {
  readonly personality: Personality
  readonly tokens: readonly Token[]
  readonly faults = new FaultScript()
  readonly statistics = new StatisticsCounter()
  readonly #listeners = new Set<(event: SlotEvent) => void>()
  #lastHandle = 0n

  constructor(personality: Personality) {
    this.personality = personality
    this.tokens = personality.slots.map((slot) => new Token(slot, () => ++this.#lastHandle))
  }

  /** Throws CKR_SLOT_ID_INVALID. */
  slot(id: bigint): Token {
    const token = this.tokens.find((candidate) => candidate.slot.id === id)
    if (token === undefined) throw new CryptokiError('CKR_SLOT_ID_INVALID')
    return token
  }

  /** The token in the slot. Throws CKR_SLOT_ID_INVALID, CKR_TOKEN_NOT_PRESENT. */
  token(id: bigint): Token {
    const token = this.slot(id)
    if (!token.present) throw new CryptokiError('CKR_TOKEN_NOT_PRESENT')
    return token
  }

  setPresent(token: Token, present: boolean): void {
    if (token.present === present) return
    token.present = present
    for (const listener of [...this.#listeners]) listener(token.slot.id)
  }

  /** Returns the way to stop listening. */
  onSlotEvent(listener: (event: SlotEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
