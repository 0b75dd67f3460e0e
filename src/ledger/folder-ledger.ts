import { randomBytes } from 'node:crypto'
import { readdir, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { createOnce } from '../files/create-once.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { syncDirectory } from '../files/sync-directory.ts'
import { jsonMember } from '../json-member.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { type Answers, answersTo, type Questions } from './answers.ts'
import { areHeld, type Claim, type Wish } from './claim.ts'
import type { Fact, FactKind, RecordedFact } from './fact.ts'
import { HISTORY_LIMIT, type Ledger } from './ledger.ts'
import { ledgerDamaged } from './ledger-error.ts'
import { appendLine, readLines } from './line-file.ts'

/** Folders beside those of the kinds of facts. */
export const ROOMS = { runs: 'runs', claims: 'claims' } as const

/**
 * The ledger as a folder of one host: a file of lines for each subject and for each run, and a file for each claim, all of which a
 * person can open. `now`: milliseconds since 1970.
 */
export class FolderLedger implements Ledger {
  readonly #directory: string
  readonly #now: () => number
  readonly #mayWrite: () => void

  /** `mayWrite`: throws once the folder is not the ledger any more; asked before each write. */
  constructor(directory: string, now: () => number = Date.now, mayWrite: () => void = () => undefined) {
    this.#directory = directory
    this.#now = now
    this.#mayWrite = mayWrite
  }

  /** The run's file comes last: a fact that it has is everywhere. */
  async record(fact: Fact): Promise<void> {
    this.#mayWrite()
    const line = JSON.stringify({ ...fact, time: new Date(this.#now()).toISOString() })
    await appendLine(await this.#room(fact.kind, fact.subject), line)
    await appendLine(await this.#room(ROOMS.runs, fact.run), line)
  }

  async history<Kind extends FactKind>(kind: Kind, subject: string): Promise<readonly RecordedFact<Kind>[]> {
    const file = this.#file(kind, subject)
    const facts = await readFacts(file)
    const own = facts.filter((fact) => fact.subject === subject).flatMap((fact) => (isOfKind(fact, kind) ? [fact] : []))
    if (own.length < facts.length) throw ledgerDamaged(file, 'does not match its name')
    return own
  }

  async saidBy(run: string): Promise<readonly RecordedFact[]> {
    const file = this.#file(ROOMS.runs, run)
    const facts = await readFacts(file)
    if (facts.some((fact) => fact.run !== run)) throw ledgerDamaged(file, 'contains what another run recorded')
    return facts
  }

  async *all<Kind extends FactKind>(kind: Kind): AsyncIterable<RecordedFact<Kind>> {
    for (const name of await namesIn(join(this.#directory, kind))) {
      const last = (await readFacts(join(this.#directory, kind, name))).at(-1)
      if (last !== undefined && isOfKind(last, kind)) yield last
    }
  }

  /** Every fact of a kind, one subject after the other, each oldest first, without a limit. */
  async *histories(kind: FactKind): AsyncIterable<readonly RecordedFact[]> {
    for (const name of await namesIn(join(this.#directory, kind))) {
      const file = join(this.#directory, kind, name)
      yield (await readLines(file)).map((line) => readFact(file, line))
    }
  }

  /** Every claim in force. */
  async *claims(): AsyncIterable<Claim> {
    for (const name of await namesIn(join(this.#directory, ROOMS.claims))) {
      const file = join(this.#directory, ROOMS.claims, name)
      yield readClaim(file, await readFile(file, 'utf8'))
    }
  }

  async claim(name: string, run: string, intent: string): Promise<Claim> {
    return (await this.#grant({ name, run, intent })).claim
  }

  async take(wishes: readonly Wish[], facts: readonly Fact[]): Promise<readonly Claim[]> {
    const answers: { readonly claim: Claim; readonly isNew: boolean }[] = []
    try {
      for (const wish of wishes) answers.push(await this.#grant(wish))
      const claims = answers.map(({ claim }) => claim)
      if (areHeld(wishes, claims)) for (const fact of facts) await this.record(fact)
      return claims
    } catch (error) {
      // Whoever is refused goes no further, and nobody would give the names back.
      for (const { claim, isNew } of answers)
        if (isNew) await this.release(claim.name, claim.run, claim.fence).catch(() => undefined)
      throw error
    }
  }

  async #grant({ name, run, intent }: Wish): Promise<{ readonly claim: Claim; readonly isNew: boolean }> {
    const fence = randomBytes(8).toString('hex')
    const claim: Claim = { name, run, intent, fence, time: new Date(this.#now()).toISOString() }
    const file = await this.#room(ROOMS.claims, name)
    for (;;) {
      this.#mayWrite()
      if (await createOnce(file, `${JSON.stringify(claim)}\n`)) {
        await syncDirectory(join(this.#directory, ROOMS.claims)).catch(async (error: unknown) => {
          // Whoever is refused goes no further, and the name would be taken for good.
          await unlink(file).catch(() => undefined)
          throw error
        })
        return { claim, isNew: true }
      }
      const other = await this.claimOf(name)
      // Given back in between.
      if (other !== undefined) return { claim: other, isNew: false }
    }
  }

  async claimOf(name: string): Promise<Claim | undefined> {
    const file = this.#file(ROOMS.claims, name)
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (text === undefined) return undefined
    const claim = readClaim(file, text)
    if (claim.name !== name) throw ledgerDamaged(file, 'does not match its name')
    return claim
  }

  async look(questions: Questions): Promise<Answers> {
    const { facts, claims } = questions
    const [histories, held] = await Promise.all([
      Promise.all(facts.map(([kind, subject]) => this.history(kind, subject))),
      Promise.all(claims.map((name) => this.claimOf(name))),
    ])
    return answersTo(
      questions,
      this.#now(),
      histories.flat(),
      held.filter((claim) => claim !== undefined),
    )
  }

  async release(name: string, run: string, fence?: string): Promise<void> {
    this.#mayWrite()
    const claim = await this.claimOf(name)
    if (claim?.run !== run || (fence !== undefined && claim.fence !== fence)) return
    await unlink(this.#file(ROOMS.claims, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    await syncDirectory(join(this.#directory, ROOMS.claims))
  }

  #file(folder: string, subject: string): string {
    return join(this.#directory, folder, fileName(subject))
  }

  async #room(folder: string, subject: string): Promise<string> {
    await makeDirectory(join(this.#directory, folder))
    return this.#file(folder, subject)
  }
}

/** Readable, and different for different subjects also where capitals do not count. */
const fileName = (subject: string): string =>
  `${subject.replace(/[^\w.-]+/g, '_').slice(0, 100)}.${sha256Hex(subject).slice(0, 16)}`

/** What a crash left of a file that was to appear is no name of ours. */
export const isSubjectFile = (name: string): boolean => /\.[0-9a-f]{16}$/.test(name)

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.filter(isSubjectFile)
}

async function readFacts(file: string): Promise<readonly RecordedFact[]> {
  return (await readLines(file)).slice(-HISTORY_LIMIT).map((line) => readFact(file, line))
}

/** The seal says that the line is as it was written; who wrote it is not known. */
function readFact(file: string, line: string): RecordedFact {
  const value = parse(file, line)
  for (const member of ['time', 'kind', 'subject', 'run'])
    if (typeof jsonMember(value, member) !== 'string') throw ledgerDamaged(file, `contains a fact without "${member}"`)
  return value as RecordedFact
}

function isOfKind<Kind extends FactKind>(fact: RecordedFact, kind: Kind): fact is RecordedFact & RecordedFact<Kind> {
  return fact.kind === kind
}

/** The claim of a file. Throws `ledger.damaged`. */
export function readClaim(file: string, text: string): Claim {
  const value = parse(file, text)
  const [name, run, intent, fence, time] = ['name', 'run', 'intent', 'fence', 'time'].map((member) =>
    jsonMember(value, member),
  )
  if (typeof name === 'string' && typeof run === 'string' && typeof intent === 'string')
    return { name, run, intent, fence: typeof fence === 'string' ? fence : '', time: String(time) }
  throw ledgerDamaged(file, 'does not say who holds it')
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw ledgerDamaged(file, 'is not JSON', cause)
  }
}
