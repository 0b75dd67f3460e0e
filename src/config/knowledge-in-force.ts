import { statSync } from 'node:fs'
import { join } from 'node:path'
import { refuseHiddenKeys } from '../check/read/hidden-keys.ts'
import { EnrollError } from '../errors.ts'
import { fileFault, readBoundedFile, readBoundedFileSync } from '../files/bounded-file.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { replaceFile } from '../files/replace-file.ts'
import { syncDirectory } from '../files/sync-directory.ts'
import { isoDay } from '../iso-day.ts'
import { jsonMember } from '../json-member.ts'
import { builtInKnowledge } from '../knowledge/built-in-knowledge.ts'
import type { Knowledge } from '../knowledge/knowledge.ts'
import { isMinisignKey, verifyMinisign } from '../knowledge/minisign.ts'
import { PINNED_KNOWLEDGE_KEYS } from '../knowledge/pinned-keys.ts'
import { KnowledgeFormatError, readKnowledge } from '../knowledge/read-knowledge.ts'
import type { Configuration } from './configuration.ts'

const MAX_BYTES = 1 << 20
const FILE = 'knowledge-update.json'

type Settings = Pick<Configuration, 'text' | 'list' | 'required'>

/**
 * The tables in force: those that hsm-enroll comes with, or a newer update that was taken in. Its signature is verified every time.
 * Throws EnrollError `knowledge.unreadable`: an update that cannot be read is not passed over.
 */
export async function knowledgeInForce(settings: Settings): Promise<Knowledge> {
  const builtIn = builtInKnowledge()
  const directory = settings.text('stateDirectory')
  const stored = directory === undefined ? undefined : readStored(join(directory, FILE))
  if (stored === undefined) return builtIn
  const update = verified(stored.data, stored.signature, settings, `the update in ${directory}`)
  return update.serial > builtIn.serial ? update : builtIn
}

interface Signed {
  readonly data: string
  readonly signature: string
}

function readStored(file: string): Signed | undefined {
  let bytes: Buffer
  try {
    // The usual case, without an error that is thrown for it.
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return undefined
    bytes = readBoundedFileSync(file, 4 * MAX_BYTES)
  } catch (cause) {
    // No file, or no folder for it to be in: what is wrong with that is said where something is to be stored there.
    if (cause instanceof Error && 'code' in cause && ['ENOENT', 'ENOTDIR'].includes(String(cause.code)))
      return undefined
    throw unreadable(file, fileFault(cause), cause)
  }
  try {
    const value: unknown = JSON.parse(bytes.toString())
    const [data, signature] = [jsonMember(value, 'data'), jsonMember(value, 'signature')]
    if (typeof data === 'string' && typeof signature === 'string') return { data, signature }
  } catch (cause) {
    throw unreadable(file, 'it is not JSON', cause)
  }
  throw unreadable(file, 'it holds no signed data')
}

/**
 * Takes in an update: FILE, with its minisign signature in FILE.minisig. Refused unless a pinned key signed it and it is newer than what
 * is in force. Returns the tables now in force. Throws EnrollError `knowledge.unreadable`, `knowledge.rollback`, `lock.…`.
 */
export async function updateKnowledge(file: string, settings: Settings, now: number): Promise<Knowledge> {
  const [data, signature] = await Promise.all([file, `${file}.minisig`].map(readText))
  const update = verified(data ?? '', signature ?? '', settings, file)
  const directory = settings.required('stateDirectory')
  await makeDirectory(directory)
  const { withProcessLock } = await import('../files/process-lock.ts')
  await withProcessLock(join(directory, '.knowledge.lock'), 'the update of the tables', async () => {
    refuseRollback(update, await knowledgeInForce(settings), now)
    await replaceFile(join(directory, FILE), JSON.stringify({ data, signature }))
    await syncDirectory(directory)
  })
  return update
}

function verified(data: string, signature: string, settings: Settings, name: string): Knowledge {
  const keys = [...PINNED_KNOWLEDGE_KEYS, ...settings.list('knowledgeKeys')]
  const bad = keys.findIndex((key) => !isMinisignKey(key))
  if (bad >= 0)
    throw new EnrollError(
      'config.value',
      'Could not follow "knowledgeKeys": it must list minisign public keys in base64.',
      {
        remedy: 'Take the second line of minisign.pub, which begins with RW.',
      },
    )
  if (keys.length === 0)
    throw unreadable(
      name,
      'no key is pinned whose signature would count',
      undefined,
      'Set knowledgeKeys to the public key of whoever maintains the tables for you (docs/knowledge.md).',
    )
  if (verifyMinisign(Buffer.from(data), signature, keys) === undefined)
    throw unreadable(name, 'none of the pinned keys signed it, or it was altered')
  try {
    return readKnowledge(data)
  } catch (error) {
    if (error instanceof KnowledgeFormatError)
      throw unreadable(name, error.message, error, 'Update hsm-enroll: the file may be newer than it.')
    throw error
  }
}

function refuseRollback(update: Knowledge, inForce: Knowledge, now: number): void {
  const why =
    update.serial <= inForce.serial
      ? `it has the serial ${update.serial}, and ${inForce.serial} is in force`
      : update.issued < inForce.issued
        ? `it was issued on ${update.issued}, and tables of ${inForce.issued} are in force`
        : update.issued > isoDay(now)
          ? `it was issued on ${update.issued}, which is still to come`
          : undefined
  if (why === undefined) return
  throw new EnrollError('knowledge.rollback', `Could not take in the update: ${why}.`, {
    remedy:
      'Get the newest file; if that is this one, nothing needs to be done but to check the clock of this computer.',
  })
}

const readText = async (file: string): Promise<string> => {
  const bytes = await readBoundedFile(file, MAX_BYTES).catch((cause: unknown) => {
    throw unreadable(
      file,
      fileFault(cause),
      cause,
      'Pass the data file; its signature is beside it, with .minisig at the end of the name.',
    )
  })
  refuseHiddenKeys(bytes, file)
  return bytes.toString()
}

const unreadable = (
  name: string,
  why: string,
  cause?: unknown,
  remedy = `Get the file and its .minisig again; if it is the update in force, delete ${FILE} from the state folder to go back to the built-in tables.`,
): EnrollError => new EnrollError('knowledge.unreadable', `Could not use ${name}: ${why}.`, { remedy, cause })
