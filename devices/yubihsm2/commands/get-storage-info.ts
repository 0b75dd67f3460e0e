import { ByteReader } from '../byte-reader.ts'
import type { Command } from '../session.ts'

export interface StorageInfo {
  readonly records: number
  readonly freeRecords: number
  readonly pages: number
  readonly freePages: number
  readonly pageSize: number
}

export const getStorageInfo: Command<void, StorageInfo> = {
  name: 'get storage info',
  repeatable: true,
  encode: () => Buffer.alloc(0),
  decode: (reply, short) => {
    const reader = new ByteReader(reply, short)
    const info = {
      records: reader.u16(),
      freeRecords: reader.u16(),
      pages: reader.u16(),
      freePages: reader.u16(),
      pageSize: reader.u16(),
    }
    reader.end()
    return info
  },
}
