import { appendFileSync, constants, fstatSync, readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createOnce } from '../files/create-once.ts'
import { syncDirectory } from '../files/sync-directory.ts'
import { writeThrough } from '../files/write-through.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { ledgerDamaged } from './ledger-error.ts'

/** Longer lines are neither written nor read. */
const MAX_LINE = 16 * 1024
/** How much of the end of a file is read. */
const TAIL = 1024 * 1024
const LINE_FEED = 0x0a
const EMPTY = 'is empty'

/** Stands behind a line that a crash, or a full disk, cut off: that one never counted. */
const TORN = 'torn'

/** 16 characters of SHA-256 and the text: a line that a disk changed is told from one that was written so. */
const seal = (text: string): string => `${sha256Hex(text).slice(0, SEAL - 1)} ${text}`
const SEAL = 17

/**
 * Adds a line to a file, on disk when it resolves. One write at the end of the file, so that two processes need no lock: whole lines
 * of both are there. The first line appears with the file, so that an empty file is always damage. Throws `ledger.damaged`, and
 * what the disk says.
 */
export async function appendLine(file: string, text: string): Promise<void> {
  const line = `${seal(text)}\n`
  if (text.includes('\n') || Buffer.byteLength(line) > MAX_LINE) throw new Error('a fact is too long for a line')
  const isThere = await writeThrough(file, constants.O_RDWR | constants.O_APPEND, (descriptor) => {
    const { size } = fstatSync(descriptor)
    if (size === 0) throw ledgerDamaged(file, EMPTY)
    const last = Buffer.alloc(1)
    readSync(descriptor, last, 0, 1, size - 1)
    appendFileSync(descriptor, `${last[0] === LINE_FEED ? '' : `\n${TORN}\n`}${line}`)
  }).then(() => true, absent)
  if (isThere) return
  if (await createOnce(file, line)) return syncDirectory(dirname(file))
  return appendLine(file, text)
}

/** Writes a file of lines anew; it appears whole. */
export async function writeLines(file: string, texts: readonly string[]): Promise<void> {
  await createOnce(file, texts.map((text) => `${seal(text)}\n`).join(''))
  await syncDirectory(dirname(file))
}

/** The last lines of a file, oldest first; none where there is no file. Throws `ledger.damaged`. */
export async function readLines(file: string): Promise<readonly string[]> {
  const { lines, bad } = await readLinesLeniently(file)
  if (bad.length > 0) throw ledgerDamaged(file, bad.join(' and '))
  return lines
}

/** The lines that are as they were written, and what is wrong with the others. */
export async function readLinesLeniently(
  file: string,
): Promise<{ readonly lines: readonly string[]; readonly bad: readonly string[] }> {
  const handle = await open(file, 'r').catch(absent)
  if (handle === undefined) return { lines: [], bad: [] }
  try {
    const { size } = await handle.stat()
    if (size === 0) return { lines: [], bad: [EMPTY] }
    const start = Math.max(0, size - TAIL)
    return judge(await readFrom(handle, start, size), start === 0)
  } finally {
    await handle.close()
  }
}

function judge(bytes: Buffer, whole: boolean): { readonly lines: readonly string[]; readonly bad: readonly string[] } {
  // What follows the last line feed never counted; of a part of a file the first line is one half.
  const end = bytes.lastIndexOf(LINE_FEED) + 1
  const all = bytes
    .subarray(0, end)
    .toString('utf8')
    .split('\n')
    .slice(whole ? 0 : 1, -1)
  const lines: string[] = []
  const bad: string[] = bytes.length - end > MAX_LINE ? ['does not end with a complete line'] : []
  for (const [index, line] of all.entries()) {
    if (line === '' || line === TORN || all[index + 1] === TORN) continue
    const text = line.slice(SEAL)
    if (seal(text) === line) lines.push(text)
    else bad.push(`was changed in line ${index + 1} of its last ${all.length} after it was written`)
  }
  return { lines, bad }
}

async function readFrom(handle: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - start)
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
