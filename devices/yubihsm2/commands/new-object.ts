import { concat, padded, u8, u16, u64 } from '../byte-writer.ts'
import { LABEL_LENGTH } from '../object-type.ts'

/** What every object is made with. `id` 0 lets the device choose. */
export interface NewObject {
  readonly id: number
  /** At most 40 bytes of UTF-8. */
  readonly label: string
  /** Bit 0 is domain 1. */
  readonly domains: number
  readonly capabilities: bigint
  readonly algorithm: number
}

/** `id2 label40 domains2 capabilities8 algorithm1`. */
export const encodeNewObject = (object: NewObject): Buffer =>
  concat(
    u16(object.id),
    padded(object.label, LABEL_LENGTH),
    u16(object.domains),
    u64(object.capabilities),
    u8(object.algorithm),
  )
