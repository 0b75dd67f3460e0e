import { jsonMember } from '../json-member.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { BundleFault } from './bundle-fault.ts'

const GENESIS = '0'.repeat(64)
/** `,"hash":"…"}` at the end of every line. */
const HASH_MEMBER = `,"hash":"${GENESIS}"}`.length

/** An entry of a run's journal, as far as a bundle looks at it. */
export interface ChainedEntry {
  readonly time: string
  readonly event: unknown
  readonly type: string
}

export interface JournalChain {
  readonly entries: readonly ChainedEntry[]
  /** Hash of the last entry. */
  readonly head: string
}

/** Reads a journal and verifies its chain: each line's hash covers the line and the hash before. Throws BundleFault with the line. */
export function readJournalChain(bytes: Uint8Array): JournalChain {
  const lines = Buffer.from(bytes).toString('utf8').split('\n')
  if (lines.pop() !== '') throw new BundleFault('its last line is not complete')
  const entries: ChainedEntry[] = []
  let head = GENESIS
  for (const [index, line] of lines.entries()) {
    const entry = readLine(line)
    const hash = jsonMember(entry, 'hash')
    const time = jsonMember(entry, 'time')
    const event = jsonMember(entry, 'event')
    const type = jsonMember(event, 'type')
    if (jsonMember(entry, 'seq') !== index + 1 || jsonMember(entry, 'previous') !== head)
      throw new BundleFault(`line ${index + 1} does not follow the line before it`)
    if (typeof hash !== 'string' || hash !== sha256Hex(`${line.slice(0, -HASH_MEMBER)}}`))
      throw new BundleFault(`line ${index + 1} was changed after it was written`)
    if (typeof time !== 'string' || typeof type !== 'string') throw new BundleFault(`line ${index + 1} is not an entry`)
    entries.push({ time, event, type })
    head = hash
  }
  return { entries, head }
}

function readLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** The newest record of each file that the journal names: name -> SHA-256. */
export function recordedFiles({ entries }: JournalChain): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  const note = (value: unknown): void => {
    const [file, sha256] = [jsonMember(value, 'file'), jsonMember(value, 'sha256')]
    if (typeof file === 'string' && typeof sha256 === 'string') files.set(file, sha256)
  }
  for (const { event } of entries)
    if (typeof event === 'object' && event !== null) for (const value of Object.values(event).flat()) note(value)
  return files
}

/** What a member of the last event of a type says, if it is text; of an artefact its file. */
export function lastText({ entries }: JournalChain, type: string, name: string): string | undefined {
  const value = jsonMember(entries.findLast((entry) => entry.type === type)?.event, name)
  const text = jsonMember(value, 'file') ?? value
  return typeof text === 'string' ? text : undefined
}
