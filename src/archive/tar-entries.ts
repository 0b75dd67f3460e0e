/** A strict reader of small tar files (POSIX.1-2017, pax, "ustar Interchange Format"): what people pack the files of a bundle into. */

export interface TarEntry {
  readonly name: string
  readonly content: Uint8Array
}

const BLOCK = 512
const MAX_ENTRIES = 32
/** Fields of a header: offset and length. */
const NAME = [0, 100] as const
const SIZE = [124, 12] as const
const CHECKSUM = [148, 8] as const
const TYPE = 156
/** A regular file, and the same in archives of before 1988. */
const FILE_TYPES = ['0', '\0']

/** Is the first block the header of an entry? Its checksum says so. */
export const isTar = (bytes: Uint8Array): boolean =>
  Buffer.from(bytes.subarray(257, 262)).toString('latin1') === 'ustar' && hasChecksum(bytes.subarray(0, BLOCK))

/** The regular files of an archive, at most 32; undefined where it is damaged, cut off, or has more. */
export function readTarEntries(bytes: Uint8Array): readonly TarEntry[] | undefined {
  const entries: TarEntry[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) break
    const size = header.length === BLOCK && hasChecksum(header) ? octal(header, SIZE) : undefined
    if (size === undefined || at + BLOCK + size > bytes.length || entries.length === MAX_ENTRIES) return undefined
    const type = String.fromCharCode(header[TYPE] ?? 0)
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size)
    if (FILE_TYPES.includes(type)) entries.push({ name: textAt(header, NAME), content })
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return entries
}

type Field = readonly [offset: number, length: number]

const textAt = (header: Uint8Array, [offset, length]: Field): string =>
  Buffer.from(header.subarray(offset, offset + length))
    .toString('utf8')
    .replace(/\0.*$/s, '')

function octal(header: Uint8Array, field: Field): number | undefined {
  const digits = textAt(header, field).trim()
  return /^[0-7]{1,11}$/.test(digits) ? Number.parseInt(digits, 8) : undefined
}

/** The sum of all octets, with blanks in place of the checksum. */
function hasChecksum(header: Uint8Array): boolean {
  const [offset, length] = CHECKSUM
  const sum = header.reduce((all, byte, at) => all + (at >= offset && at < offset + length ? 0x20 : byte), 0)
  return octal(header, CHECKSUM) === sum
}
