/** What one time stamp is of: a list in the form of `sha256sum`, so that one stamp covers the statement and the signatures. */
import type { ZipEntry } from '../../archive/zip-entries.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { BundleFault } from '../bundle-fault.ts'
import { contentOf, PLACES } from '../bundle-files.ts'

/** The list of the statement and of every signature that the bundle has now. `sha256sum -c` reads it. */
export const listForStamp = (entries: readonly ZipEntry[]): Uint8Array =>
  Buffer.from(
    entries
      .filter(({ name }) => name === PLACES.statement || name.startsWith(PLACES.signatures))
      .map(({ name, content }) => `${sha256Hex(content)}  ${name}\n`)
      .join(''),
  )

/** The names that a list covers, once they are what it says. Throws BundleFault. */
export function verifyStampedList(list: Uint8Array, entries: readonly ZipEntry[]): readonly string[] {
  const lines = Buffer.from(list).toString('latin1').split('\n')
  if (lines.pop() !== '' || lines.length === 0) throw new BundleFault('it is not a list of hashes')
  const names = lines.map((line) => {
    const [, sha256, name = ''] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? []
    const content = contentOf(entries, name)
    if (sha256 === undefined) throw new BundleFault('it is not a list of hashes')
    if (content === undefined || sha256Hex(content) !== sha256)
      throw new BundleFault('it is not the file that was stamped', name)
    return name
  })
  if (!names.includes(PLACES.statement)) throw new BundleFault('it does not cover the statement')
  return names
}
