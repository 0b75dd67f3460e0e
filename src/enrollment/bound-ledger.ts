import { readFileSync } from 'node:fs'
import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EnrollError } from '../errors.ts'
import { createOnce } from '../files/create-once.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { replaceFile } from '../files/replace-file.ts'
import { syncDirectory } from '../files/sync-directory.ts'
import { jsonMember } from '../json-member.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { PostgresqlLedger, Recognised } from '../ledger/postgresql/postgresql-ledger.ts'
import { doneTogether } from '../together.ts'
import { listRunIds } from './run-folder.ts'

/** What a state folder knows of the database that its ledger is in. */
export interface LedgerBinding {
  /** What tells this ledger from every other, also once it was restored or has moved. */
  readonly ledger: string
  /** Where it was last; without a login. */
  readonly address: string
  /** The last of the writes from this folder that the database confirmed. One that does not have it is an older copy. */
  readonly last?: string
  /** The folder is being moved there, or that was interrupted: neither of the two is the whole ledger. */
  readonly importing?: true
}

const FILE = 'ledger-database.json'
/** The ledger of a folder says in a file of this name that it is complete. */
const FOLDER_IN_USE = join('ledger', 'complete')

/**
 * Undefined where the ledger is the folder. Synchronous: looked at before every use of the folder. Throws EnrollError `ledger.damaged`.
 */
export function readBinding(stateDirectory: string): LedgerBinding | undefined {
  const file = join(stateDirectory, FILE)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
  const value = parse(text)
  const [ledger, address, last] = ['ledger', 'address', 'last'].map((member) => jsonMember(value, member))
  if (typeof ledger !== 'string' || typeof address !== 'string')
    throw new EnrollError('ledger.damaged', `Could not trust ${file}: it does not say which database has the ledger.`, {
      remedy: 'Run `hsm-enroll ledger sync` with the configuration that names the database.',
    })
  const importing = jsonMember(value, 'importing') === true
  return { ledger, address, ...(typeof last === 'string' ? { last } : {}), ...(importing ? { importing } : {}) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** On disk when it resolves. */
export const writeBinding = (stateDirectory: string, binding: LedgerBinding): Promise<void> =>
  write(replaceFile, stateDirectory, binding)

/** Back to the folder: what was to take its place never did. */
export async function removeBinding(stateDirectory: string): Promise<void> {
  await rm(join(stateDirectory, FILE), { force: true })
  await syncDirectory(stateDirectory)
}

/** The same where there is none yet; false where another process came first. */
const createBinding = (stateDirectory: string, binding: LedgerBinding): Promise<boolean> =>
  write(createOnce, stateDirectory, binding)

async function write<T>(
  put: (file: string, content: string) => Promise<T>,
  stateDirectory: string,
  binding: LedgerBinding,
): Promise<T> {
  const putIt = (): Promise<T> => put(join(stateDirectory, FILE), `${JSON.stringify(binding)}\n`)
  return putIt().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    await makeDirectory(stateDirectory)
    return putIt()
  })
}

/** Throws EnrollError `ledger.elsewhere` where the ledger of a state folder is in a database, and the folder would be used. */
export function refuseBound(stateDirectory: string): void {
  const binding = readBinding(stateDirectory)
  if (binding === undefined) return
  if (binding.importing) throw beingImported(stateDirectory, binding.address)
  throw new EnrollError(
    'ledger.elsewhere',
    `The ledger of ${stateDirectory} is in the database ${binding.address}, and the configuration names none.`,
    { remedy: 'Set ledger.url for this host (in /etc/hsm-enroll/config.yaml), or pass the profile that has it.' },
  )
}

/**
 * The ledger in a database, for one state folder: what is not in the database yet, or not any more, is noticed before anything is
 * concluded from it. Throws EnrollError `ledger.…`.
 */
export async function bindLedger(ledger: PostgresqlLedger, stateDirectory: string): Promise<Ledger> {
  const bound = known.get(ledger) ?? new Map<string, BoundLedger>()
  known.set(ledger, bound)
  const before = bound.get(stateDirectory)
  // Every connection since was looked at before it was used.
  if (before !== undefined && readBinding(stateDirectory)?.ledger === before.id) return before
  const { id, isNew } = await checkBinding(ledger, stateDirectory)
  // Another process was first: what it says is looked at, too.
  if (isNew && !(await createBinding(stateDirectory, { ledger: id, address: ledger.address })))
    await checkBinding(ledger, stateDirectory)
  const one = before?.id === id ? before : new BoundLedger(ledger, stateDirectory, id)
  if (before === undefined) guardConnections(ledger, stateDirectory)
  bound.set(stateDirectory, one)
  return one
}

/** What takes the place of the database is noticed by whoever connects to it. */
function guardConnections(ledger: PostgresqlLedger, stateDirectory: string): void {
  ledger.guard(
    () => readBinding(stateDirectory)?.last,
    (recognised) => {
      const binding = readBinding(stateDirectory)
      if (binding !== undefined) refuseOther(binding, recognised, stateDirectory, ledger.address)
    },
  )
}

/** One for all runs of a process, so that what they write at one moment is remembered at once. */
const known = new WeakMap<PostgresqlLedger, Map<string, BoundLedger>>()

/** The same without a write. */
export async function checkBinding(
  ledger: PostgresqlLedger,
  stateDirectory: string,
): Promise<{ readonly id: string; readonly isNew: boolean }> {
  const binding = readBinding(stateDirectory)
  const { id, hasLast } = await ledger.recognise(binding?.last)
  if (binding === undefined) {
    if (await isInUse(stateDirectory)) throw notImported(stateDirectory, ledger.address)
    return { id, isNew: true }
  }
  if (binding.importing) throw beingImported(stateDirectory, binding.address)
  refuseOther(binding, { id, hasLast }, stateDirectory, ledger.address)
  return { id, isNew: false }
}

function refuseOther(binding: LedgerBinding, { id, hasLast }: Recognised, stateDirectory: string, at: string): void {
  if (binding.ledger !== id) throw anotherDatabase(stateDirectory, binding, at)
  if (!hasLast) throw olderCopy(stateDirectory, at)
}

async function isInUse(stateDirectory: string): Promise<boolean> {
  const begun = await access(join(stateDirectory, FOLDER_IN_USE)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )
  return begun || (await listRunIds(stateDirectory)).length > 0
}

/** Keeps in the state folder which write the database has confirmed last. */
class BoundLedger implements Ledger {
  readonly #ledger: PostgresqlLedger
  readonly id: string
  /** What was written at one moment is remembered at once. */
  readonly #save: () => Promise<void>
  readonly history: Ledger['history']
  readonly saidBy: Ledger['saidBy']
  readonly all: Ledger['all']
  readonly claimOf: Ledger['claimOf']
  readonly look: Ledger['look']

  constructor(ledger: PostgresqlLedger, stateDirectory: string, id: string) {
    this.#ledger = ledger
    this.id = id
    this.#save = doneTogether(() => rememberLast(ledger, stateDirectory, id))
    this.history = ledger.history.bind(ledger)
    this.saidBy = ledger.saidBy.bind(ledger)
    this.all = ledger.all.bind(ledger)
    this.claimOf = ledger.claimOf.bind(ledger)
    this.look = ledger.look.bind(ledger)
  }

  record(...fact: Parameters<Ledger['record']>): Promise<void> {
    return this.#remember(this.#ledger.record(...fact))
  }

  claim(name: string, run: string, intent: string): ReturnType<Ledger['claim']> {
    return this.#remember(this.#ledger.claim(name, run, intent))
  }

  take(...taking: Parameters<Ledger['take']>): ReturnType<Ledger['take']> {
    return this.#remember(this.#ledger.take(...taking))
  }

  release(name: string, run: string, fence?: string): Promise<void> {
    return this.#remember(this.#ledger.release(name, run, fence))
  }

  async #remember<T>(writing: Promise<T>): Promise<T> {
    const written = await writing
    await this.#save()
    return written
  }
}

/** The state folder knows, when it resolves, what the database has confirmed last. */
export async function rememberLast(ledger: PostgresqlLedger, stateDirectory: string, id: string): Promise<void> {
  const { lastCommitted: last } = ledger.transactions
  await writeBinding(stateDirectory, { ledger: id, address: ledger.address, ...(last === undefined ? {} : { last }) })
}

const notImported = (stateDirectory: string, address: string): EnrollError =>
  new EnrollError('ledger.not-imported', `The database ${address} does not have what ${stateDirectory} knows.`, {
    remedy: `Run \`hsm-enroll ledger import ${stateDirectory}\` first.`,
  })

export const beingImported = (stateDirectory: string, address: string): EnrollError =>
  new EnrollError(
    'ledger.not-imported',
    `The ledger of ${stateDirectory} is being moved to the database ${address}, or that was interrupted.`,
    {
      remedy: `Wait until it has been moved. If nothing moves it, run \`hsm-enroll ledger import ${stateDirectory}\` again.`,
    },
  )

/** The configuration names a database, and the state folder has its ledger in another. */
export const anotherDatabase = (stateDirectory: string, binding: LedgerBinding, address: string): EnrollError =>
  new EnrollError(
    'ledger.elsewhere',
    `The ledger of ${stateDirectory} is in the database ${binding.address}; ${address} holds another one.`,
    { remedy: 'Correct ledger.url.' },
  )

const olderCopy = (stateDirectory: string, address: string): EnrollError =>
  new EnrollError(
    'ledger.behind',
    `The database ${address} lacks what ${stateDirectory} has written to it: an older copy was restored.`,
    { remedy: 'Run `hsm-enroll ledger sync` on every host, which adds what the journals know.' },
  )
