/** Something that one run holds alone until it gives it back: an order for a key, a place on a device, a debit. */
export interface Claim {
  readonly name: string
  readonly run: string
  /** What the run means to do with it: the hash of the journal entry that says so. */
  readonly intent: string
  /** Tells this grant from every other of the name; empty where an earlier version granted it. */
  readonly fence: string
  /** ISO 8601, UTC. */
  readonly time: string
}

/** What a run wants to hold. */
export type Wish = Pick<Claim, 'name' | 'run' | 'intent'>

/** Is each name held by the run that wants it? `claims`: those in force, in the order of the wishes. */
export const areHeld = (wishes: readonly Wish[], claims: readonly Claim[]): boolean =>
  wishes.every(({ run }, index) => claims[index]?.run === run)
