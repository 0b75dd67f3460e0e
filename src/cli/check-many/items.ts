import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { EnrollError } from '../../errors.ts'
import { fileFault } from '../../files/bounded-file.ts'
import type { Item } from './item.ts'

const MAX_LINE = 64 * 1024

/** A file is one piece of evidence; in a folder every file is one, and every folder in it another. */
export async function* itemsOfPaths(paths: readonly string[]): AsyncGenerator<Item> {
  for (const path of paths) {
    if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) {
      yield { name: path, paths: [path] }
      continue
    }
    const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort()
    for (const name of names) yield { name: join(path, name), paths: [join(path, name)] }
  }
}

/**
 * A list of evidence, a line each: a path, or JSON with `attestation` (a path, or a list of those of one attestation), `csr` and `name`.
 * Paths are relative to the list. `-`: stdin. Throws EnrollError `input.list`, `input.unreadable`.
 */
export async function* itemsOfList(file: string, cwd: string): AsyncGenerator<Item> {
  const folder = file === '-' ? cwd : dirname(resolve(cwd, file))
  const input = file === '-' ? process.stdin : createReadStream(file)
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  let fault: EnrollError | undefined
  input.once('error', (cause: Error) => {
    fault = new EnrollError('input.unreadable', `Could not read the list ${file}: ${fileFault(cause)}.`, {
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

function itemOfLine(line: string, number: number, folder: string): Item {
  if (!line.startsWith('{')) return { name: line, paths: [resolve(folder, line)] }
  const { attestation, csr, name } = objectOf(line, number)
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

const badLine = (number: number, cause?: unknown): EnrollError =>
  new EnrollError('input.list', `Could not read line ${number} of the list: it is neither a path nor such an object.`, {
    remedy: 'Write a path, or JSON like {"attestation": "attestation.pem", "csr": "request.csr", "name": "token 7"}.',
    cause,
  })
