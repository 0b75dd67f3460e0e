import { ByteReader } from '../byte-reader.ts'
import { concat, u8, u16 } from '../byte-writer.ts'
import { LABEL_LENGTH, OBJECT_TYPES, type ObjectTypeName } from '../object-type.ts'
import type { Command } from '../session.ts'

export interface ObjectInfo {
  readonly capabilities: bigint
  readonly id: number
  readonly length: number
  /** Bit 0 is domain 1. */
  readonly domains: number
  readonly type: number
  readonly algorithm: number
  readonly sequence: number
  /** Flags, see ORIGINS. */
  readonly origin: number
  readonly label: string
  /** What objects made under this authentication key may be given. */
  readonly delegatedCapabilities: bigint
}

export const getObjectInfo: Command<{ readonly id: number; readonly type: ObjectTypeName }, ObjectInfo> = {
  name: 'get object info',
  repeatable: true,
  encode: ({ id, type }) => concat(u16(id), u8(OBJECT_TYPES[type])),
  decode: (reply, short) => {
    const reader = new ByteReader(reply, short)
    const info = {
      capabilities: reader.u64(),
      id: reader.u16(),
      length: reader.u16(),
      domains: reader.u16(),
      type: reader.u8(),
      algorithm: reader.u8(),
      sequence: reader.u8(),
      origin: reader.u8(),
      label: reader.bytes(LABEL_LENGTH).toString('utf8').replace(/\0.*$/s, ''),
      delegatedCapabilities: reader.u64(),
    }
    reader.end()
    return info
  },
}
