import { gunzip } from '../../../primitives/primitives.ts'
import { inner, type Layer } from '../layer.ts'
import { Unreadable } from '../unreadable.ts'

/** Four times what a CA takes of a package in base64. */
const MAX_UNPACKED = 1 << 17

/** A file that somebody compressed. A compressed statement of Cloud HSM is its family's, and was taken before. */
export const gzipLayer: Layer<Uint8Array> = (bytes) => {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return undefined
  try {
    return inner(gunzip(bytes, MAX_UNPACKED).unpacked, 'unpacked the gzip')
  } catch (cause) {
    throw new Unreadable(
      'the gzip is damaged, cut off, or unpacks to more than any such file has',
      'Pass the file as the device or its tool wrote it.',
      { cause },
    )
  }
}
