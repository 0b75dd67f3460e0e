import { crc32 } from 'node:zlib'

const LOCAL_HEADER = 0x04034b50
const CENTRAL_HEADER = 0x02014b50
const END_OF_DIRECTORY = 0x06054b50
/** 1980-01-01, the earliest date of the format: the same files always give the same bytes. */
const DATE = 0x0021

/** A zip of stored (uncompressed) files: attestations are gzip already. Source: PKWARE APPNOTE 4.3. */
export function writeZip(files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [path, content] of Object.entries(files)) {
    const name = Buffer.from(path)
    const fields = commonFields(name, content)
    const local = Buffer.concat([u32(LOCAL_HEADER), fields, name, content])
    // Made by (2.0, FAT); then the common fields; comment, disk, attributes: none.
    directory.push(Buffer.concat([u32(CENTRAL_HEADER), u16(20), fields, Buffer.alloc(10), u32(offset), name]))
    locals.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const count = u16(directory.length)
  const end = Buffer.concat([
    u32(END_OF_DIRECTORY),
    u16(0),
    u16(0),
    count,
    count,
    u32(central.length),
    u32(offset),
    u16(0),
  ])
  return new Uint8Array(Buffer.concat([...locals, central, end]))
}

/** From "version needed" to "extra field length": alike in both headers. */
function commonFields(name: Buffer, content: Uint8Array): Buffer {
  const size = u32(content.length)
  return Buffer.concat([
    u16(20),
    u16(0),
    u16(0),
    u16(0),
    u16(DATE),
    u32(crc32(content)),
    size,
    size,
    u16(name.length),
    u16(0),
  ])
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
