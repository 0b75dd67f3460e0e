import { readStoredZip, writeStoredZip } from '../archive/stored-zip.ts'
import type { ZipEntry } from '../archive/zip-entries.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { encodeStatement, type Statement } from './statement.ts'

/** Where a bundle keeps what. Everything that is neither the statement nor made after it is listed in the statement. */
export const PLACES = {
  statement: 'statement.pae',
  run: 'run/',
  journal: 'run/journal.jsonl',
  ceremony: 'ceremony/',
  signatures: 'signatures/',
  timestamps: 'timestamps/',
} as const

/** A run has a few dozen files of some kilobytes; a journal has at most 16 MiB. */
const LIMITS = { entries: 400, size: 64 << 20 } as const

/** Is the file covered by the statement, or did it come after it? */
export const isCovered = (name: string): boolean =>
  name !== PLACES.statement && !name.startsWith(PLACES.signatures) && !name.startsWith(PLACES.timestamps)

/** A new bundle of these files, nobody's signature on it yet. Throws ZipError. */
export function writeBundle(files: readonly ZipEntry[], about: Omit<Statement, 'files'>): Uint8Array {
  const names = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  const statement = encodeStatement({
    ...about,
    files: names.map(({ name, content }) => ({ name, sha256: sha256Hex(content) })),
  })
  return writeStoredZip([...files, { name: PLACES.statement, content: statement }])
}

/** The files of a bundle, whatever they are worth. Throws ZipError. */
export const readBundle = (bytes: Uint8Array): readonly ZipEntry[] => readStoredZip(bytes, LIMITS)

/** The bundle with further signatures or time stamps; the others stay as they are. Throws ZipError for a name that is taken. */
export const addToBundle = (bytes: Uint8Array, files: readonly ZipEntry[]): Uint8Array =>
  writeStoredZip([...readBundle(bytes), ...files])

/** The first of `PREFIX1SUFFIX`, `PREFIX2SUFFIX`, … of which no file has the number. */
export function freeNumber(entries: readonly ZipEntry[], prefix: string): number {
  const taken = entries.flatMap(({ name }) =>
    name.startsWith(prefix) ? [Number.parseInt(name.slice(prefix.length), 10)] : [],
  )
  return Math.max(0, ...taken.filter((number) => !Number.isNaN(number))) + 1
}

export const contentOf = (entries: readonly ZipEntry[], name: string): Uint8Array | undefined =>
  entries.find((entry) => entry.name === name)?.content
