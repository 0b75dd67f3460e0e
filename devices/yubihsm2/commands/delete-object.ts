import { ByteReader } from '../byte-reader.ts'
import { concat, u8, u16 } from '../byte-writer.ts'
import { OBJECT_TYPES, type ObjectTypeName } from '../object-type.ts'
import type { Command } from '../session.ts'

/** Only ever sent for what an operator named: a key that is deleted or was replaced, a certificate that is replaced. */
export const deleteObject: Command<{ readonly id: number; readonly type: ObjectTypeName }, void> = {
  name: 'delete object',
  repeatable: false,
  encode: ({ id, type }) => concat(u16(id), u8(OBJECT_TYPES[type])),
  decode: (reply, short) => new ByteReader(reply, short).end(),
}
