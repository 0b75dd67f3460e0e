/** An object as it stands inside a wrap. The layout is the double's own: what one double exports only a double imports. */
import { concat, u8, u16, u64 } from '../../../devices/yubihsm2/byte-writer.ts'
import { LABEL_LENGTH, OBJECT_TYPES, ORIGINS } from '../../../devices/yubihsm2/object-type.ts'
import { privateKeyFrom } from './asymmetric-key.ts'
import { orInvalid, reader } from './execution.ts'
import type { ObjectFields, StoredObject } from './object-store.ts'

export const archive = (object: StoredObject): Buffer =>
  concat(
    u64(object.capabilities),
    u16(object.id),
    u16(object.domains),
    u8(object.type),
    u8(object.algorithm),
    u8(object.origin),
    object.label,
    u64(object.delegated),
    object.bytes,
  )

/** The origin says from then on that the object came in under wrap. */
export function restore(plain: Uint8Array): ObjectFields {
  const from = reader(plain)
  const fields = {
    capabilities: from.u64(),
    id: from.u16(),
    domains: from.u16(),
    type: from.u8(),
    algorithm: from.u8(),
    origin: from.u8() | ORIGINS.importedWrapped,
    label: Buffer.from(from.bytes(LABEL_LENGTH)),
    delegated: from.u64(),
    bytes: Buffer.from(from.rest()),
  }
  if (fields.type !== OBJECT_TYPES['asymmetric-key']) return fields
  return { ...fields, key: orInvalid(() => privateKeyFrom(fields.algorithm, fields.bytes)) }
}
