import { followed } from '../renewal/current-key.ts'
import type { InventoryEntry } from './read-inventory.ts'

/** A key with a certificate that somebody relies on. */
export type KeyInUse = InventoryEntry & { readonly certificate: NonNullable<InventoryEntry['certificate']> }

/** Paid keys with a certificate that are neither gone, retired or given up, nor followed by a key that was switched to and is still of use. */
export function inUse(inventory: readonly InventoryEntry[]): readonly KeyInUse[] {
  const old = new Set(inventory.map(({ record }) => record && followed(record)))
  return inventory.filter(
    (entry): entry is KeyInUse =>
      entry.certificate !== undefined &&
      !entry.test &&
      (entry.keyStatus === undefined || entry.keyStatus === 'alive') &&
      entry.record?.retiredAt === undefined &&
      !old.has(entry.run),
  )
}
