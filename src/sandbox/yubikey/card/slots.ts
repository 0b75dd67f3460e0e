/** Key slots, data objects and policies (SP 800-73-4 part 1 table 3, Yubico's PIV extensions). */
export const SLOT_ATTESTATION = 0xf9
export const SLOT_MANAGEMENT = 0x9b

export const PIN_POLICY = { default: 0, never: 1, once: 2, always: 3 } as const
export const TOUCH_POLICY = { default: 0, never: 1, always: 2, cached: 3 } as const

export interface SlotDefinition {
  readonly slot: number
  /** Data object of the slot's certificate. */
  readonly certificateObject: number
  /** What "default" means here. */
  readonly pinPolicy: number
}

const RETIRED: readonly SlotDefinition[] = Array.from({ length: 20 }, (_, index) => ({
  slot: 0x82 + index,
  certificateObject: 0x5fc10d + index,
  pinPolicy: PIN_POLICY.once,
}))

export const SLOTS: ReadonlyMap<number, SlotDefinition> = new Map(
  [
    { slot: 0x9a, certificateObject: 0x5fc105, pinPolicy: PIN_POLICY.once },
    { slot: 0x9c, certificateObject: 0x5fc10a, pinPolicy: PIN_POLICY.always },
    { slot: 0x9d, certificateObject: 0x5fc10b, pinPolicy: PIN_POLICY.once },
    { slot: 0x9e, certificateObject: 0x5fc101, pinPolicy: PIN_POLICY.never },
    ...RETIRED,
    { slot: SLOT_ATTESTATION, certificateObject: 0x5fff01, pinPolicy: PIN_POLICY.once },
  ].map((definition) => [definition.slot, definition]),
)

export const OBJECT_ATTESTATION_CERTIFICATE = 0x5fff01
export const OBJECT_DISCOVERY = 0x7e

/** Objects that are read only after the PIN: fingerprints, facial image, printed information, iris. */
export const PIN_PROTECTED_OBJECTS: ReadonlySet<number> = new Set([0x5fc103, 0x5fc108, 0x5fc109, 0x5fc121])

/** yubico-piv-tool lib/internal.h: CB_OBJ_MAX for firmware 4 and later, the TLV header not counted. */
export const MAX_OBJECT_SIZE = 3052
