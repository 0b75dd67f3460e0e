import { isZip, readZipEntries, ZipError } from '../../../archive/zip-entries.ts'
import type { Layer } from '../layer.ts'
import { Unreadable } from '../unreadable.ts'

/** Shadows of files that macOS puts into the archives it makes, and what other systems leave there. */
const SHADOW = /^__MACOSX\/|(^|\/)(\.[^/]*|Thumbs\.db|desktop\.ini)$/
export const isShadow = (name: string): boolean => SHADOW.test(name)

/** Files of a zip, each by itself. */
export const zipLayer: Layer<Uint8Array> = (bytes) => {
  if (!isZip(bytes)) return undefined
  try {
    const files = readZipEntries(bytes).filter(({ name }) => !isShadow(name))
    return {
      parts: files.map(({ name, content }) => ({ name, bytes: content })),
      note: `unpacked the zip (${files.length} ${files.length === 1 ? 'file' : 'files'})`,
      partsAreFiles: true,
    }
  } catch (error) {
    if (!(error instanceof ZipError)) throw error
    throw new Unreadable(error.what, error.remedy, { cause: error })
  }
}
