/**
 * The one zip file (APPNOTE.TXT 6.3.3) that a list of files has: stored, in the order of their names, no date, no attribute, no comment.
 * The same files are the same bytes on every host, and a byte that was changed has a name.
 */
import { crc32 } from '../primitives/primitives.ts'
import { type ZipEntry, ZipError } from './zip-entries.ts'

/** 1980-01-01, 00:00, in local parts: the earliest that the format has. */
const DOS_DATE = 0x0021
const VERSION = 20
const UTF8 = 0x0800
const SIGNATURE = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const
const LOCAL_LENGTH = 30

export interface ZipLimits {
  readonly entries: number
  /** Bytes of the whole archive. */
  readonly size: number
}

/** The entries in the order of their names, by octets. Throws ZipError for a name that occurs twice or cannot be one. */
export function writeStoredZip(entries: readonly ZipEntry[]): Uint8Array {
  const sorted = [...entries].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  for (const [index, { name }] of sorted.entries()) {
    if (name === sorted[index - 1]?.name) throw new ZipError(`"${name}" occurs twice`)
    if (!isPlainName(name)) throw new ZipError(`"${name}" is not a name that it may have`)
  }
  const parts: Uint8Array[] = []
  let offset = 0
  const offsets = sorted.map((entry) => {
    const at = offset
    const header = localHeader(entry)
    parts.push(header, entry.content)
    offset += header.length + entry.content.length
    return at
  })
  return Buffer.concat([...parts, ...directory(sorted, offsets, offset)])
}

/** Relative, forward slashes, printable ASCII: a name that no file system reads as another place. */
const isPlainName = (name: string): boolean =>
  /^[A-Za-z0-9_.@=+-]+(\/[A-Za-z0-9_.@=+-]+)*$/.test(name) &&
  name.length <= 200 &&
  name.split('/').every((part) => part !== '.' && part !== '..')

/**
 * Reads what `writeStoredZip` wrote, and nothing else: every octet of the archive is accounted for. Throws ZipError, which names the
 * entry that is broken.
 */
export function readStoredZip(bytes: Uint8Array, limits: ZipLimits): readonly ZipEntry[] {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (zip.length > limits.size) throw new ZipError(`it has more than ${limits.size} bytes`)
  const entries: ZipEntry[] = []
  const offsets: number[] = []
  let at = 0
  while (at + LOCAL_LENGTH <= zip.length && zip.readUInt32LE(at) === SIGNATURE.local) {
    if (entries.length >= limits.entries) throw new ZipError(`it has more than ${limits.entries} files`)
    const entry = readEntry(zip, at, entries.length + 1)
    entries.push(entry)
    offsets.push(at)
    at += LOCAL_LENGTH + Buffer.byteLength(entry.name) + entry.content.length
  }
  checkDirectory(zip, at, entries, offsets)
  for (const [index, { name }] of entries.entries()) {
    const before = entries[index - 1]?.name
    if (before !== undefined && Buffer.compare(Buffer.from(before), Buffer.from(name)) >= 0)
      throw broken(name, 'is out of order')
  }
  return entries
}

const broken = (name: string, how: string): ZipError => new ZipError(`"${name}" ${how}`, undefined, name)

function readEntry(zip: Buffer, at: number, number: number): ZipEntry {
  const size = zip.readUInt32LE(at + 22)
  const from = at + LOCAL_LENGTH + zip.readUInt16LE(at + 26)
  const name = zip.toString('latin1', at + LOCAL_LENGTH, from)
  if (!isPlainName(name)) throw new ZipError(`the header of its file ${number} is damaged`)
  if (from + size > zip.length) throw broken(name, 'is truncated, or its header is damaged')
  const entry = { name, content: zip.subarray(from, from + size) }
  if (crc32(entry.content) !== zip.readUInt32LE(at + 14))
    throw broken(name, 'does not match its checksum: its content or its header was changed')
  if (!localHeader(entry).equals(zip.subarray(at, from)))
    throw broken(name, 'has a header that is not as hsm-enroll writes it')
  return entry
}

/** After the files follows their directory, and nothing else. */
function checkDirectory(zip: Buffer, start: number, entries: readonly ZipEntry[], offsets: readonly number[]): void {
  if (entries.length === 0) throw new ZipError('the header of its first file is damaged')
  let at = start
  for (const [index, part] of directory(entries, offsets, start).entries()) {
    if (!part.equals(zip.subarray(at, at + part.length))) {
      const name = entries[index]?.name
      if (name === undefined) throw new ZipError('the end of its directory is damaged')
      throw broken(name, 'has a damaged entry in the directory, or files were added before it')
    }
    at += part.length
  }
  if (at !== zip.length) throw new ZipError(`${zip.length - at} bytes follow its end`)
}

function localHeader({ name, content }: ZipEntry): Buffer {
  const header = Buffer.alloc(LOCAL_LENGTH)
  header.writeUInt32LE(SIGNATURE.local, 0)
  writeCommon(header, 4, name, content)
  return Buffer.concat([header, Buffer.from(name)])
}

/** What the header of a file and its entry in the directory have in common. */
function writeCommon(header: Buffer, at: number, name: string, content: Uint8Array): void {
  header.writeUInt16LE(VERSION, at)
  header.writeUInt16LE(UTF8, at + 2)
  header.writeUInt16LE(DOS_DATE, at + 8)
  header.writeUInt32LE(crc32(content), at + 10)
  header.writeUInt32LE(content.length, at + 14)
  header.writeUInt32LE(content.length, at + 18)
  header.writeUInt16LE(Buffer.byteLength(name), at + 22)
}

function directory(entries: readonly ZipEntry[], offsets: readonly number[], start: number): readonly Buffer[] {
  const central = entries.map(({ name, content }, index) => {
    const header = Buffer.alloc(46)
    header.writeUInt32LE(SIGNATURE.central, 0)
    header.writeUInt16LE(VERSION, 4)
    writeCommon(header, 6, name, content)
    header.writeUInt32LE(offsets[index] ?? 0, 42)
    return Buffer.concat([header, Buffer.from(name)])
  })
  const end = Buffer.alloc(22)
  end.writeUInt32LE(SIGNATURE.end, 0)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(
    central.reduce((sum, part) => sum + part.length, 0),
    12,
  )
  end.writeUInt32LE(start, 16)
  return [...central, end]
}
