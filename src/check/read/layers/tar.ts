import { isTar, readTarEntries } from '../../../archive/tar-entries.ts'
import type { Layer } from '../layer.ts'
import { Unreadable } from '../unreadable.ts'
import { isShadow } from './zip.ts'

/** Files of a tar archive, each by itself. */
export const tarLayer: Layer<Uint8Array> = (bytes) => {
  if (!isTar(bytes)) return undefined
  const files = readTarEntries(bytes)?.filter(({ name }) => !isShadow(name)) ?? []
  if (files.length === 0) {
    throw new Unreadable(
      'the tar archive cannot be used: it is damaged, cut off, or holds no file or too many',
      'Unpack it yourself and pass the files in it.',
    )
  }
  return {
    parts: files.map(({ name, content }) => ({ name, bytes: content })),
    note: `unpacked the tar archive (${files.length} ${files.length === 1 ? 'file' : 'files'})`,
    partsAreFiles: true,
  }
}
