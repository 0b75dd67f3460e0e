/** A strict reader of small zip files (APPNOTE.TXT 6.3.3): Google's attestation bundle, the certificates that Sectigo mails. */
import { EnrollError } from '../errors.ts'
import { crc32, inflateRaw } from '../primitives/primitives.ts'

export interface ZipEntry {
  readonly name: string
  readonly content: Uint8Array
}

const MAX_ENTRIES = 32
/** Bytes of all files together, unpacked. */
const MAX_CONTENT = 1 << 18
const SIGNATURE = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const
const END_LENGTH = 22
const STORED = 0
const DEFLATED = 8
const ENCRYPTED = 0x0001

/** An archive that is damaged, too large, or of a kind that is not used here. */
export class ZipError extends EnrollError {
  override readonly name = 'ZipError'
  /** Follows "Could not read …: ". */
  readonly what: string
  /** The file in the archive that is broken, if it is one. */
  readonly entry: string | undefined

  constructor(what: string, cause?: unknown, entry?: string) {
    super('archive.zip', `Could not read the zip file: ${what}.`, {
      remedy: 'Download it again, or unpack it yourself and pass the files in it.',
      cause,
    })
    this.what = `the zip file cannot be used: ${what}`
    this.entry = entry
  }
}

export const isZip = (bytes: Uint8Array): boolean =>
  bytes.length > 4 && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32LE(0) === SIGNATURE.local

/** The files of an archive: stored or deflated, unencrypted, at most 32 of 256 KiB in all. Throws ZipError. */
export function readZipEntries(bytes: Uint8Array): readonly ZipEntry[] {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = findEnd(zip)
  const count = zip.readUInt16LE(end + 10)
  if (count === 0 || count > MAX_ENTRIES) throw new ZipError(`${count} entries, at most ${MAX_ENTRIES} are expected`)
  const entries: ZipEntry[] = []
  let at = zip.readUInt32LE(end + 16)
  let total = 0
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || zip.readUInt32LE(at) !== SIGNATURE.central) throw new ZipError('its directory is damaged')
    const nameLength = zip.readUInt16LE(at + 28)
    const next = at + 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    const content = readEntry(zip, at, nameLength)
    total += content.length
    if (total > MAX_CONTENT) throw new ZipError('its files are too large')
    if (!name.endsWith('/')) entries.push({ name, content })
    at = next
  }
  return entries
}

/** The end record, with a comment of any allowed length after it; zip64 and split archives are refused. */
function findEnd(zip: Buffer): number {
  for (let at = zip.length - END_LENGTH; at >= 0 && zip.length - at <= END_LENGTH + 0xffff; at--) {
    if (zip.readUInt32LE(at) !== SIGNATURE.end) continue
    if (zip.readUInt16LE(at + 20) !== zip.length - at - END_LENGTH) continue
    if (zip.readUInt16LE(at + 4) !== 0 || zip.readUInt16LE(at + 8) !== zip.readUInt16LE(at + 10)) break
    return at
  }
  throw new ZipError('it is truncated, or of a kind that is not supported')
}

function readEntry(zip: Buffer, central: number, nameLength: number): Uint8Array {
  const flags = zip.readUInt16LE(central + 8)
  const method = zip.readUInt16LE(central + 10)
  const packed = zip.readUInt32LE(central + 20)
  const size = zip.readUInt32LE(central + 24)
  const local = zip.readUInt32LE(central + 42)
  if (flags & ENCRYPTED) throw new ZipError('it is encrypted')
  if (size > MAX_CONTENT || packed > MAX_CONTENT) throw new ZipError('a file in it is too large')
  if (local + 30 > zip.length || zip.readUInt32LE(local) !== SIGNATURE.local) throw new ZipError('an entry is damaged')
  const name = zip.subarray(central + 46, central + 46 + nameLength)
  const localLength = zip.readUInt16LE(local + 26)
  if (!name.equals(zip.subarray(local + 30, local + 30 + localLength))) throw new ZipError('an entry has two names')
  const from = local + 30 + localLength + zip.readUInt16LE(local + 28)
  if (from + packed > zip.length) throw new ZipError('an entry is truncated')
  const content = unpack(method, zip.subarray(from, from + packed), size)
  if (content.length !== size || crc32(content) !== zip.readUInt32LE(central + 16)) {
    throw new ZipError('the content of an entry does not match its checksum')
  }
  return content
}

function unpack(method: number, packed: Buffer, size: number): Uint8Array {
  if (method === STORED) return packed
  if (method !== DEFLATED) throw new ZipError(`compression method ${method} is not supported`)
  try {
    return inflateRaw(packed, Math.max(size, 1))
  } catch (error) {
    throw new ZipError('an entry cannot be unpacked', error)
  }
}
