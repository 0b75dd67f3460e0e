import { concat, u16 } from '../byte-writer.ts'
import type { Command } from '../session.ts'
import { readId } from './generate-asymmetric-key.ts'
import { encodeNewObject, type NewObject } from './new-object.ts'

/** Id 0 is the device certificate. */
export const getOpaque: Command<number, Buffer> = {
  name: 'get opaque',
  repeatable: true,
  encode: u16,
  decode: (reply) => reply,
}

export const putOpaque: Command<{ readonly object: NewObject; readonly data: Uint8Array }, number> = {
  name: 'put opaque',
  repeatable: false,
  encode: ({ object, data }) => concat(encodeNewObject(object), data),
  decode: readId,
}
