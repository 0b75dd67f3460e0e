import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { readAtMost } from '../read-at-most.ts'

/** More bytes than the reader will take; says how many it takes. */
export class FileTooLarge extends Error {
  override readonly name = 'FileTooLarge'
  constructor(limit: number) {
    super(`it has more than ${limit} bytes`)
  }
}

let waits = 0

/**
 * Is an input awaited? A terminal or a pipe may never give one, and nothing can take the wait back: opening a pipe without a writer
 * occupies its thread. No order is on its way then, so that the process may simply end.
 */
export const awaitsInput = (): boolean => waits > 0

async function awaited<T>(reading: () => Promise<T>): Promise<T> {
  waits++
  try {
    return await reading()
  } finally {
    waits--
  }
}

/** A whole file of at most `limit` bytes; a device or a pipe is read no further either. Throws FileTooLarge, or what the system says. */
export const readBoundedFile = (path: string, limit: number): Promise<Buffer> =>
  awaited(async () => {
    const handle = await open(path, 'r')
    try {
      const stats = await handle.stat()
      if (stats.size > limit) throw new FileTooLarge(limit)
      if (stats.isFile() && stats.size > 0) return await readSized(handle, stats.size)
      return await readWhole(handle.createReadStream({ autoClose: false }), limit)
    } finally {
      await handle.close()
    }
  })

/**
 * The same of a file of our own, on a local disk: ten thousand of them are read in a second. A device or a pipe in its place is read as if
 * it were empty. Throws FileTooLarge, or what the system says.
 */
export function readBoundedFileSync(path: string, limit: number): Buffer {
  const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const { size } = fstatSync(descriptor)
    if (size > limit) throw new FileTooLarge(limit)
    const bytes = Buffer.alloc(size)
    let filled = 0
    for (let read = -1; read !== 0 && filled < size; filled += read)
      read = readSync(descriptor, bytes, filled, size - filled, filled)
    return bytes.subarray(0, filled)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * A file with something in it, read where it is asked for: of small ones, five times as many in a second as `readBoundedFile` reads. Undefined
 * for whatever else the path leads to, or if it cannot be read: that is for `readBoundedFile` to say, and to wait for. Nothing but a
 * regular file is opened: to open a pipe and close it again would end whoever writes to it.
 */
export function readPlainFileSync(path: string, limit: number): Buffer | undefined {
  try {
    if (!statSync(path).isFile()) return undefined
    const bytes = readBoundedFileSync(path, limit)
    return bytes.length === 0 ? undefined : bytes
  } catch {
    return undefined
  }
}

/** All of a stream, at most `limit` bytes. Throws FileTooLarge. */
export const readBoundedStream = (stream: AsyncIterable<unknown>, limit: number): Promise<Buffer> =>
  awaited(() => readWhole(stream, limit))

/** A stream takes 64 KB of memory for each file, and most of the time that `check-many` has for one. */
async function readSized(handle: FileHandle, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size)
  let filled = 0
  for (let read = -1; read !== 0 && filled < size; filled += read)
    read = (await handle.read(bytes, filled, size - filled, filled)).bytesRead
  return bytes.subarray(0, filled)
}

async function readWhole(stream: AsyncIterable<unknown>, limit: number): Promise<Buffer> {
  const bytes = await readAtMost(stream, limit)
  if (bytes === undefined) throw new FileTooLarge(limit)
  return bytes
}

/** What a disk can answer, in words that follow "Could not read FILE: ". */
export const FILE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission is denied',
  EPERM: 'it is not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'its symbolic links form a loop',
  ENAMETOOLONG: 'the name is too long',
  EIO: 'the disk reports an error',
  ENXIO: 'there is no such device',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is exhausted',
  EROFS: 'the file system is read-only',
  EEXIST: 'a file is in its place',
  EMFILE: 'too many files are open',
}

export function fileFault(error: unknown): string {
  if (error instanceof FileTooLarge) return error.message
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return FILE_FAULTS[code] ?? (code === '' ? String(error) : code)
}
