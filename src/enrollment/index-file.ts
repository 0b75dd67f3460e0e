import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { sha256Hex } from '../sha256-hex.ts'

/** Another number for other lines: an index of another one is not read. */
const HEAD = 'hsm-enroll run index 2'
const CHUNK = 64 * 1024
/** A longer line was not written here. */
const MAX_LINE = 64 * 1024
/** 16 characters of SHA-256 and a space before each line: what a disk, or somebody else, changed is told from what was written. */
const SEAL = 17

/** A line as it is in the file, in ASCII: `SEAL ID CONTENT`. */
export interface IndexLine {
  readonly id: string
  readonly raw: string
}

const sealed = (text: string): string => `${sha256Hex(text).slice(0, SEAL - 1)} ${text}`

/** `content` may hold any text, and no line feed. */
export const indexLine = (id: string, content: string): IndexLine => ({ id, raw: sealed(`${id} ${content}`) })

/** What follows the id; undefined where the line is not as it was written. */
export function contentOf({ id, raw }: IndexLine): string | undefined {
  const text = raw.slice(SEAL)
  return sealed(text) === raw ? text.slice(id.length + 1) : undefined
}

/** The lines of an index in their order, a part of the file at a time. A file that cannot be read, or is of another form, has none. */
export function* readIndex(file: string): Generator<IndexLine, undefined> {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return
  }
  try {
    const lines = linesOf(descriptor)
    if (lines.next().value !== HEAD) return
    for (const raw of lines) {
      const end = raw.indexOf(' ', SEAL)
      if (end > SEAL) yield { id: raw.slice(SEAL, end), raw }
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Whole lines; what follows the last line feed, or what the disk does not give, never counted. */
function* linesOf(descriptor: number): Generator<string, undefined> {
  const bytes = Buffer.alloc(MAX_LINE + CHUNK)
  let kept = 0
  for (;;) {
    const read = readSome(descriptor, bytes, kept)
    if (read === 0) return
    const end = kept + read
    let begin = 0
    for (let at = bytes.indexOf(LINE_FEED, kept); at !== -1 && at < end; at = bytes.indexOf(LINE_FEED, begin)) {
      yield bytes.toString('latin1', begin, at)
      begin = at + 1
    }
    bytes.copyWithin(0, begin, end)
    kept = end - begin
    if (kept > MAX_LINE) return
  }
}

const LINE_FEED = 0x0a

function readSome(descriptor: number, bytes: Buffer, at: number): number {
  try {
    return readSync(descriptor, bytes, at, CHUNK, null)
  } catch {
    return 0
  }
}

/** Writes an index anew, whole or not at all; two processes that write at one time are both right. One that cannot be written saves nobody time. */
export function writeIndex(file: string, lines: Iterable<IndexLine>): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  try {
    const descriptor = openSync(draft, 'wx', 0o600)
    try {
      let text = `${HEAD}\n`
      for (const { raw } of lines) {
        text += `${raw}\n`
        if (text.length < CHUNK) continue
        writeSync(descriptor, text, null, 'latin1')
        text = ''
      }
      writeSync(descriptor, text, null, 'latin1')
    } finally {
      closeSync(descriptor)
    }
    renameSync(draft, file)
  } catch {
    try {
      unlinkSync(draft)
    } catch {
      // It was never there.
    }
  }
}
