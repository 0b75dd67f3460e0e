/** The contact that a person touches. */
import { setTimeout as wait } from 'node:timers/promises'

export type TouchBehaviour =
  | { readonly kind: 'at-once' }
  | { readonly kind: 'after'; readonly milliseconds: number }
  | { readonly kind: 'never' }

export class TouchButton {
  behaviour: TouchBehaviour = { kind: 'at-once' }
  /** How long the card waits; about 15 s on hardware. */
  patienceMilliseconds = 15_000
  /** How often the card asked. */
  requests = 0

  /** True when a touch came in time. */
  async awaitTouch(): Promise<boolean> {
    this.requests++
    if (this.behaviour.kind === 'at-once') return true
    const until = this.behaviour.kind === 'never' ? Number.POSITIVE_INFINITY : this.behaviour.milliseconds
    await wait(Math.min(until, this.patienceMilliseconds))
    return until <= this.patienceMilliseconds
  }
}
