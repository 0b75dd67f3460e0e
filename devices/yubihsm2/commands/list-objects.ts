import { ByteReader } from '../byte-reader.ts'
import { concat, padded, u8, u16 } from '../byte-writer.ts'
import { LABEL_LENGTH, OBJECT_TYPES, type ObjectTypeName } from '../object-type.ts'
import type { Command } from '../session.ts'

export interface ListFilter {
  readonly id?: number
  readonly type?: ObjectTypeName
  readonly label?: string
}

export interface ListedObject {
  readonly id: number
  readonly type: number
  /** Grows each time the id is used anew. */
  readonly sequence: number
}

/** Filters are tag and value without a length. */
const TAGS = { id: 1, type: 2, domains: 3, capabilities: 4, algorithm: 5, label: 6 } as const

/** The objects that share a domain with the authentication key and match every filter. */
export const listObjects: Command<ListFilter, readonly ListedObject[]> = {
  name: 'list objects',
  repeatable: true,
  encode: ({ id, type, label }) =>
    concat(
      ...(id === undefined ? [] : [u8(TAGS.id), u16(id)]),
      ...(type === undefined ? [] : [u8(TAGS.type), u8(OBJECT_TYPES[type])]),
      ...(label === undefined ? [] : [u8(TAGS.label), padded(label, LABEL_LENGTH)]),
    ),
  decode: (reply, short) => {
    const reader = new ByteReader(reply, short)
    const objects: ListedObject[] = []
    while (reader.remaining > 0) objects.push({ id: reader.u16(), type: reader.u8(), sequence: reader.u8() })
    return objects
  },
}
