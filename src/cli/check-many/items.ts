import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { EnrollError } from '../../errors.ts'
import { fileFault } from '../../files/bounded-file.ts'
import type { Item } from './item.ts'

const MAX_LINE = 64 * 1024

/** A file is one piece of evidence; in a folder every file is one, and every folder in it another. */
export async function* itemsOfPaths(paths: readonly string[]): AsyncGenerator<Item> {
  for (const path of paths) {
    // What cannot be looked at is read like a file: reading it says why.
    const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true
    const names = isFolder ? await readdir(path).catch(() => undefined) : undefined
    if (names === undefined) {
      yield { name: path, paths: [path] }
      continue
    }
    for (const name of names.filter((each) => !each.startsWith('.')).sort())
      yield { name: join(path, name), paths: [join(path, name)] }
  }
}

/**
 * A list of evidence, a line each: a path, or JSON with `attestation` (a path, or a list of those of one attestation), `csr` and `name`.
 * Paths are relative to the list. `-`: stdin. Throws EnrollError `input.list`, `input.unreadable`.
 */
export async function* itemsOfList(file: string, cwd: string): AsyncGenerator<Item> {
  const folder = file === '-' ? cwd : dirname(resolve(cwd, file))
  const input = Readable.from(withShortLines(file === '-' ? process.stdin : createReadStream(file)))
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  let fault: EnrollError | undefined
  input.once('error', (cause: Error) => {
    fault =
      cause instanceof EnrollError
        ? cause
        : new EnrollError('input.unreadable', `Could not read the list ${file}: ${fileFault(cause)}.`, {
            remedy: 'Check the path and the permissions.',
            cause,
          })
    lines.close()
  })
  let number = 0
  try {
    for await (const text of lines) {
      number++
      const line = text.trim()
      if (line !== '' && !line.startsWith('#')) yield itemOfLine(line, number, folder)
    }
  } catch (error) {
    throw fault ?? error
  }
  if (fault !== undefined) throw fault
}

/** The same bytes. Throws EnrollError `input.list` where what is no list would fill the memory with one line. */
async function* withShortLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let length = 0
  for await (const some of bytes) {
    const end = Math.max(some.lastIndexOf(0x0a), some.lastIndexOf(0x0d))
    length = some.length - 1 - end + (end === -1 ? length : 0)
    if (length > MAX_LINE)
      throw new EnrollError('input.list', 'Could not read the list: a line of it is longer than 64 KB.', {
        remedy: FORM,
      })
    yield some
  }
}

function itemOfLine(line: string, number: number, folder: string): Item {
  if (!line.startsWith('{')) return { name: line, paths: [resolve(folder, line)] }
  const { attestation, csr, name, ...others } = objectOf(line, number)
  // Under another name a request would not be compared, and nobody would hear of it.
  if (Object.keys(others).length > 0) throw badLine(number)
  const paths = Array.isArray(attestation) ? attestation : [attestation]
  if (paths.length === 0 || !paths.every((path) => typeof path === 'string' && path !== '')) throw badLine(number)
  if (!isTextOrAbsent(csr) || !isTextOrAbsent(name)) throw badLine(number)
  return {
    name: name ?? paths.join(', '),
    paths: paths.map((path: string) => resolve(folder, path)),
    ...(csr === undefined ? {} : { csr: resolve(folder, csr) }),
  }
}

function objectOf(line: string, number: number): Readonly<Record<string, unknown>> {
  if (line.length > MAX_LINE) throw badLine(number)
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw badLine(number, cause)
  }
}

const isTextOrAbsent = (value: unknown): value is string | undefined => value === undefined || typeof value === 'string'

const FORM = 'Write a path, or JSON like {"attestation": "attestation.pem", "csr": "request.csr", "name": "token 7"}.'

const badLine = (number: number, cause?: unknown): EnrollError =>
  new EnrollError('input.list', `Could not read line ${number} of the list: it is neither a path nor such an object.`, {
    remedy: FORM,
    cause,
  })
