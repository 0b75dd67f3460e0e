import { ByteReader } from '../byte-reader.ts'
import type { Command } from '../session.ts'
import { encodeNewObject, type NewObject } from './new-object.ts'

/** Makes a key pair; gives its id. The device refuses an id that is taken. */
export const generateAsymmetricKey: Command<NewObject, number> = {
  name: 'generate asymmetric key',
  repeatable: false,
  encode: encodeNewObject,
  decode: (reply, short) => readId(reply, short),
}

/** A reply that is one object id. */
export function readId(reply: Uint8Array, short: () => Error): number {
  const reader = new ByteReader(reply, short)
  const id = reader.u16()
  reader.end()
  return id
}
