import type { Item } from './contents.ts'

/** A piece of a file that is to be looked into further. */
export interface Part {
  readonly bytes: Uint8Array
  /** What it is called where it was: an entry of an archive, an attachment. */
  readonly name?: string
}

/** What one layer makes of some bytes: things that were found, or parts, or both. */
export interface Peeled {
  readonly items?: readonly Item[]
  readonly parts?: readonly Part[]
  /** What it is where nothing is found in any part. */
  readonly otherwise?: Item
  /** What was done, for the user. Absent where nothing was changed. */
  readonly note?: string
  /** Parts in which nothing is found are named in a note: they are files, and somebody meant them. */
  readonly partsAreFiles?: boolean
}

/** Undefined where the bytes are not of this layer's form. Throws Unreadable where they are, and it is broken. */
export type Layer<Input> = (input: Input) => Peeled | undefined

/** One part, no more: what most layers give. */
export const inner = (bytes: Uint8Array | string, note?: string): Peeled => ({
  parts: [{ bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes }],
  ...(note === undefined ? {} : { note }),
})
