import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { Specimen } from './corpus.ts'

interface KeptCorpus {
  readonly corpus: readonly Specimen[]
  /** Milliseconds since 1970: the day on which the specimens are judged. */
  readonly now: number
}

/** The specimens of a file; where it is absent, they are made and written to it. */
export function keptCorpus(file: string, make: () => readonly Specimen[]): KeptCorpus {
  if (!existsSync(file)) writeFileSync(file, JSON.stringify({ corpus: make(), now: Date.now() }, pack))
  return JSON.parse(readFileSync(file, 'utf8'), unpack) as KeptCorpus
}

/** Byte strings as base64 under a key of their own. A Buffer has become an object of its own kind before a replacer sees its value. */
function pack(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const bytes = this[name]
  return bytes instanceof Uint8Array ? { base64: Buffer.from(bytes).toString('base64') } : value
}

const unpack = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'base64' in value && typeof value.base64 === 'string'
    ? new Uint8Array(Buffer.from(value.base64, 'base64'))
    : value
