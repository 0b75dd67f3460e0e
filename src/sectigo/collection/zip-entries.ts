import { inflateRawSync } from 'node:zlib'
import { EnrollError } from '../../errors.ts'

export interface ZipEntry {
  readonly name: string
  readonly bytes: Uint8Array
}

const END_OF_DIRECTORY = 0x06054b50
const DIRECTORY_ENTRY = 0x02014b50
const LOCAL_ENTRY = 0x04034b50
const MAX_ENTRIES = 32
const MAX_ENTRY = 256 << 10

const broken = (what: string): EnrollError =>
  new EnrollError('certificate.zip', `Could not read the ZIP file: ${what}.`, {
    remedy: 'Unpack it by hand and give the certificate files.',
  })

export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4

/**
 * The files of a small ZIP, as Sectigo mails certificates: stored or deflated entries, at most 32 of 256 KiB each; no
 * encryption, no ZIP64 (PKWARE APPNOTE 4.3). Throws EnrollError.
 */
export function zipEntries(bytes: Uint8Array): readonly ZipEntry[] {
  const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = findEnd(zip)
  const count = zip.readUInt16LE(end + 10)
  if (count > MAX_ENTRIES) throw broken(`it has ${count} entries, more than ${MAX_ENTRIES}`)
  const entries: ZipEntry[] = []
  let at = zip.readUInt32LE(end + 16)
  for (let n = 0; n < count; n++) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== DIRECTORY_ENTRY) throw broken('its directory is damaged')
    const nameLength = zip.readUInt16LE(at + 28)
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength)
    if (!name.endsWith('/')) entries.push({ name, bytes: readEntry(zip, at) })
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return entries
}

function findEnd(zip: Buffer): number {
  for (let at = zip.length - 22; at >= Math.max(0, zip.length - 66_000); at--) {
    if (zip.readUInt32LE(at) === END_OF_DIRECTORY) return at
  }
  throw broken('it has no directory')
}

function readEntry(zip: Buffer, directoryEntry: number): Uint8Array {
  const flags = zip.readUInt16LE(directoryEntry + 8)
  const method = zip.readUInt16LE(directoryEntry + 10)
  const packed = zip.readUInt32LE(directoryEntry + 20)
  const size = zip.readUInt32LE(directoryEntry + 24)
  const local = zip.readUInt32LE(directoryEntry + 42)
  if ((flags & 1) !== 0) throw broken('an entry is encrypted')
  if (size > MAX_ENTRY) throw broken('an entry is too large to be a certificate')
  if (local + 30 > zip.length || zip.readUInt32LE(local) !== LOCAL_ENTRY) throw broken('an entry is damaged')
  const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
  if (from + packed > zip.length) throw broken('an entry is cut off')
  const data = zip.subarray(from, from + packed)
  if (method === 0) return data
  if (method !== 8) throw broken(`an entry is packed in an unknown way (${method})`)
  try {
    return inflateRawSync(data, { maxOutputLength: MAX_ENTRY })
  } catch {
    throw broken('an entry does not unpack')
  }
}
