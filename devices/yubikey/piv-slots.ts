/** PIV slots that hold a key pair, and the CKA_ID that libykcs11 gives each (its documentation, doc/YKCS11). */
export interface PivSlot {
  /** Lower-case hex, as people and tools write it. */
  readonly name: string
  readonly ckaId: number
  readonly use: string
}

const FIRST_RETIRED = 0x82

export const PIV_SLOTS: readonly PivSlot[] = [
  { name: '9a', ckaId: 1, use: 'authentication' },
  { name: '9c', ckaId: 2, use: 'digital signature' },
  { name: '9d', ckaId: 3, use: 'key management' },
  { name: '9e', ckaId: 4, use: 'card authentication' },
  ...Array.from({ length: 20 }, (_, index) => ({
    name: (FIRST_RETIRED + index).toString(16),
    ckaId: 5 + index,
    use: `retired key management ${index + 1}`,
  })),
]

/** The attestation key's own place; never a place for a customer's key. */
export const ATTESTATION_CKA_ID = 25

export const slotByName = (name: string): PivSlot | undefined =>
  PIV_SLOTS.find((slot) => slot.name === name.toLowerCase())

export const slotByCkaId = (id: Uint8Array): PivSlot | undefined =>
  id.length === 1 ? PIV_SLOTS.find((slot) => slot.ckaId === id[0]) : undefined
