import { gunzipSync } from 'node:zlib'
import { inner, type Layer } from '../layer.ts'
import { Unreadable } from '../unreadable.ts'

/** Four times what a CA takes of a package in base64. */
const MAX_UNPACKED = 1 << 17
/** By default node:zlib takes 16 KB at once, and keeps them until the event loop turns if it refuses. */
const CHUNK = 1 << 12

/** A file that somebody compressed. A compressed statement of Cloud HSM is its family's, and was taken before. */
export const gzipLayer: Layer<Uint8Array> = (bytes) => {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return undefined
  try {
    return inner(gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED, chunkSize: CHUNK }), 'unpacked the gzip')
  } catch (cause) {
    throw new Unreadable(
      'the gzip is damaged, cut off, or unpacks to more than any such file has',
      'Give the file as the device or its tool wrote it.',
      { cause },
    )
  }
}
