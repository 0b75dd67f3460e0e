import { EnrollError } from '../../errors.ts'
import { once } from '../../once.ts'
import { together } from '../../together.ts'
import { type Answers, answersTo, type Questions } from '../answers.ts'
import { areHeld, type Claim, type Wish } from '../claim.ts'
import type { Fact, FactKind, RecordedFact } from '../fact.ts'
import { HISTORY_LIMIT, type Ledger } from '../ledger.ts'
import { ledgerDamaged } from '../ledger-error.ts'
import type { DatabaseOptions } from './connection.ts'
import { mayConcernOne } from './database-error.ts'
import { requireSchema } from './schema.ts'
import { type Statements, Transactions } from './transactions.ts'

/** Subjects that are read at once: a ledger may have more than fit into memory. */
const PAGE = 500
/** As in a folder: a longer fact is a defect of ours. */
const MAX_FACT = 16 * 1024
/** Who asks or records at one moment shares a statement. */
const MOST_TOGETHER = 64

/**
 * The ledger in a database that many hosts share. Connects when it is first used; what it throws beside `ledger.damaged` are
 * `ledger.unreachable`, `ledger.login`, `ledger.tls`, `ledger.schema` (nothing was written) and `ledger.in-doubt`.
 */
export class PostgresqlLedger implements Ledger {
  /** Of this host's view on the database: for what stands beside facts and claims. */
  readonly transactions: Transactions
  /** The schema is looked at once. */
  readonly #usable = once(() => requireSchema(this.transactions))

  readonly #look = together((all: readonly Questions[]) => this.#lookForAll(all), {
    most: MOST_TOGETHER,
    mayConcernOne: (error) => error instanceof EnrollError && error.code === 'ledger.damaged',
  })
  readonly #take = together((all: readonly Taking[]) => this.#takeAll(all), { most: MOST_TOGETHER, mayConcernOne })

  constructor(options: DatabaseOptions) {
    this.transactions = new Transactions(options)
  }

  /** Without a password. */
  get address(): string {
    return this.transactions.address
  }

  /** What tells this ledger from every other. */
  async id(): Promise<string> {
    return (await this.recognise(undefined)).id
  }

  /** The same, and whether it has the write that it confirmed `last` (`Transactions.lastCommitted`): an older copy has not. */
  async recognise(last: string | undefined): Promise<Recognised> {
    return this.#recognised(await this.#read<Recognised>(RECOGNISE, [last]))
  }

  /** Has each further connection recognised before it is used. */
  guard(last: () => string | undefined, look: (recognised: Recognised) => void): void {
    this.transactions.guard(async (connection) => {
      const { rows } = await connection.query<Recognised>(RECOGNISE, [last()])
      look(this.#recognised(rows))
    })
  }

  #recognised([row]: readonly Recognised[]): Recognised {
    if (row === undefined) throw ledgerDamaged(`the database ${this.address}`, 'has lost its identity')
    return row
  }

  /** Ends the connections. */
  close(): Promise<void> {
    return this.transactions.close()
  }

  async record(fact: Fact, past = false): Promise<void> {
    await this.#usable()
    await this.transactions.write(INSERT_FACT, factValues(fact, past))
  }

  /**
   * The same for a fact of another ledger, which keeps its time. `origin` names it there: what was imported before is not imported
   * again. Returns whether it was new.
   */
  importFact({ time, ...fact }: RecordedFact, origin: string): Promise<boolean> {
    return this.#write(async (statements) => {
      const { rowCount } = await statements.query(insertFact(1), [...factValues(fact, true, { saidAt: time, origin })])
      return rowCount === 1
    })
  }

  async history<Kind extends FactKind>(kind: Kind, subject: string): Promise<readonly RecordedFact<Kind>[]> {
    const rows = await this.#read<FactRow>(
      `SELECT ${FACT} FROM hsm_enroll.fact WHERE kind = $1 AND subject = $2 ORDER BY id DESC LIMIT ${HISTORY_LIMIT}`,
      [kind, plain(subject)],
    )
    return rows.toReversed().map((row) => readKind(row, kind))
  }

  async saidBy(run: string): Promise<readonly RecordedFact[]> {
    const rows = await this.#read<FactRow>(
      `SELECT ${FACT} FROM hsm_enroll.fact WHERE run = $1 ORDER BY id DESC LIMIT ${HISTORY_LIMIT}`,
      [plain(run)],
    )
    return rows.toReversed().map(readFact)
  }

  async *all<Kind extends FactKind>(kind: Kind): AsyncIterable<RecordedFact<Kind>> {
    let after: string | undefined
    for (;;) {
      const rows = await this.#read<FactRow>(
        `SELECT DISTINCT ON (subject) ${FACT} FROM hsm_enroll.fact WHERE kind = $1 AND ($2::text IS NULL OR subject > $2)
         ORDER BY subject, id DESC LIMIT ${PAGE}`,
        [kind, after],
      )
      for (const row of rows) yield readKind(row, kind)
      after = rows.at(-1)?.subject
      if (rows.length < PAGE) return
    }
  }

  async claim(name: string, run: string, intent: string): Promise<Claim> {
    const [claim] = await this.take([{ name, run, intent }], [])
    if (claim === undefined) throw new Error('a claim was answered with none')
    return claim
  }

  async take(wishes: readonly Wish[], facts: readonly Fact[]): Promise<readonly Claim[]> {
    const taking: Taking = {
      wishes: wishes.map(({ name, run, intent }) => [plain(name), plain(run), plain(intent)]),
      facts: facts.map((fact) => factValues(fact, false)),
    }
    for (;;) {
      const rows = await this.#take(taking)
      const found = new Map(rows?.map((row) => [row.name, row]))
      // What was taken by another while it ran is not in its answer; or that was lost.
      const missing = wishes.filter(({ name }) => !found.has(name))
      for (const { name } of missing) await this.#find(name, found)
      const claims = wishes.flatMap(({ name }) => found.get(name) ?? [])
      // Given back in between: it is asked for again.
      if (claims.length < wishes.length) continue
      // Whether they were recorded is not known; what an entry says is recorded once.
      const isOpen = rows === undefined || missing.length > 0
      if (isOpen && areHeld(wishes, claims)) for (const fact of facts) await this.record(fact)
      return claims
    }
  }

  /** Of several who take at one moment: the claims of all. */
  async #takeAll(all: readonly Taking[]): Promise<readonly Taken[]> {
    await this.#usable()
    const taken = await this.transactions.write<Claim>(TAKE, [
      ...columns(WISH_COLUMNS.length, all, ({ wishes }) => wishes),
      ...columns(FACT_COLUMNS.length, all, ({ facts }) => facts),
    ])
    return all.map(() => taken)
  }

  async #find(name: string, into: Map<string, Claim>): Promise<void> {
    const claim = await this.claimOf(name)
    if (claim !== undefined) into.set(name, claim)
  }

  async claimOf(name: string): Promise<Claim | undefined> {
    const [row] = await this.#read<Claim>(`SELECT ${CLAIM} FROM hsm_enroll.claim WHERE name = $1`, [plain(name)])
    return row
  }

  async look(questions: Questions): Promise<Answers> {
    for (const text of [...questions.facts.map(([, subject]) => subject), ...questions.claims]) plain(text)
    return this.#look(questions)
  }

  /** For several who ask at one moment. */
  async #lookForAll(all: readonly Questions[]): Promise<readonly Answers[]> {
    const facts = new Map(
      all.flatMap((asked) => asked.facts.map(([kind, subject]) => [`${kind} ${subject}`, { kind, subject }])),
    )
    const rows = await this.#read<FactRow>(LOOK, [
      [...facts.values()].map(({ kind }) => kind),
      [...facts.values()].map(({ subject }) => subject),
      [...new Set(all.flatMap(({ claims }) => claims))],
    ])
    const isClaim = ({ kind }: FactRow): boolean => kind === AS_CLAIM
    const isTime = ({ kind }: FactRow): boolean => kind === AS_TIME
    const now = Date.parse(rows.find(isTime)?.time ?? '')
    const found = rows
      .filter((row) => !isClaim(row) && !isTime(row))
      .toSorted((a, b) => Number(a.id) - Number(b.id))
      .map(readFact)
    const held = rows
      .filter(isClaim)
      .map(({ id, subject, run, body, time }) => ({ name: subject, run, intent: body, fence: id, time }))
    return all.map((questions) => answersTo(questions, now, found, held))
  }

  async release(name: string, run: string, fence?: string): Promise<void> {
    await this.#write(async (statements) => {
      const held = 'FROM hsm_enroll.claim WHERE name = $1 AND run = $2 AND ($3::bigint IS NULL OR fence = $3)'
      const values = [plain(name), plain(run), fence]
      const { rowCount } = await statements.query(`DELETE ${held}`, values)
      if (rowCount === 1) return
      // A claim that this login may not give back is seen all the same, and must not pass for one that is gone.
      const { rows } = await statements.query<{ granted_to: string }>(`SELECT granted_to ${held}`, values)
      if (rows[0] !== undefined) throw grantedToAnother(name, rows[0].granted_to)
    })
  }

  async #read<Row extends object>(sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
    await this.#usable()
    return this.transactions.read<Row>(sql, values)
  }

  async #write<T>(work: (statements: Statements) => Promise<T>): Promise<T> {
    await this.#usable()
    return this.transactions.run(work)
  }
}

/** Which ledger it is, and whether it has a write that it has confirmed. */
export interface Recognised {
  readonly id: string
  readonly hasLast: boolean
}

const RECOGNISE = `SELECT id, $1::uuid IS NULL OR EXISTS (
    SELECT FROM hsm_enroll.attempt WHERE value = $1 AND NOT void) AS "hasLast" FROM hsm_enroll.identity`

const FACT = `id, kind, subject, run, body::text AS body,
  to_char(coalesce(said_at, time) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time`

interface FactRow {
  readonly id: string
  readonly kind: string
  readonly subject: string
  readonly run: string
  readonly body: string
  readonly time: string
}

/** `first`: the number of the first of its values. */
const insertFact = (first: number): string =>
  `INSERT INTO hsm_enroll.fact (${FACT_COLUMNS.join(', ')})
   VALUES (${FACT_COLUMNS.map((_, index) => `$${first + index}`).join(', ')}) ON CONFLICT DO NOTHING`
// biome-ignore format: a table
const FACT_TYPES = {
  kind: 'text', subject: 'text', run: 'text', entry: 'text', body: 'json', said_at: 'timestamptz', imported: 'text',
  status: 'text', endpoint: 'text', amount: 'numeric', past: 'boolean',
} as const
const FACT_COLUMNS = Object.keys(FACT_TYPES)
/** One for each column. */
type FactValues = readonly unknown[]
/** For `Transactions.write`, whose own value comes first. */
const INSERT_FACT = insertFact(2)

function factValues(
  fact: Fact,
  past: boolean,
  imported?: { readonly saidAt: string; readonly origin: string },
): FactValues {
  const body = JSON.stringify(fact)
  if (Buffer.byteLength(body) > MAX_FACT) throw new Error('a fact is too long for a row')
  // A rehearsal costs nothing, and counts for nothing.
  const order = fact.kind === 'order' && !fact.test ? fact : undefined
  return [
    ...[fact.kind, plain(fact.subject), plain(fact.run), fact.entry, body, imported?.saidAt, imported?.origin],
    ...[order?.status, order?.endpoint, amountOf(order?.amount), past],
  ]
}

/** What the CA has charged, where that is a number. */
const amountOf = (text: string | undefined): string | undefined =>
  /^\d{1,10}(\.\d{1,2})?$/.test(text ?? '') ? text : undefined

function readFact({ id, kind, subject, run, body, time }: FactRow): RecordedFact {
  const fact: unknown = parse(body, id)
  const says = fact as RecordedFact
  if (typeof fact !== 'object' || fact === null || says.kind !== kind || says.subject !== subject || says.run !== run)
    throw ledgerDamaged(`fact ${id} in the database`, 'does not match its row')
  return { ...says, time }
}

function readKind<Kind extends FactKind>(row: FactRow, kind: Kind): RecordedFact<Kind> {
  const fact = readFact(row)
  if (!isOfKind(fact, kind)) throw ledgerDamaged(`fact ${row.id} in the database`, 'is of another kind')
  return fact
}

function isOfKind<Kind extends FactKind>(fact: RecordedFact, kind: Kind): fact is RecordedFact & RecordedFact<Kind> {
  return fact.kind === kind
}

function parse(body: string, id: string): unknown {
  try {
    return JSON.parse(body)
  } catch (cause) {
    throw ledgerDamaged(`fact ${id} in the database`, 'is not JSON', cause)
  }
}

const WISH_COLUMNS = ['name', 'run', 'intent']

/** What one caller takes and records, in the order of the columns. */
interface Taking {
  readonly wishes: readonly (readonly string[])[]
  readonly facts: readonly FactValues[]
}

/** The claims in force; undefined where the answer was lost. */
type Taken = readonly Claim[] | undefined

/** For `TAKE`: the rows of all, column by column, behind the number of who wants each. */
function columns(
  width: number,
  all: readonly Taking[],
  rowsOf: (taking: Taking) => readonly (readonly unknown[])[],
): readonly (readonly unknown[])[] {
  const rows = all.flatMap((taking, who) => rowsOf(taking).map((row) => [who, ...row]))
  return Array.from({ length: width + 1 }, (_, column) => rows.map((row) => row[column]))
}

const iso = (time: string): string => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
const CLAIM = `name, run, intent, fence::text AS fence, ${iso('time')} AS time`

/** Of what is among facts: no kind of these has blanks. */
const AS_CLAIM = 'a claim'
const AS_TIME = 'the time'
/** Histories and claims in one statement, claims in the columns of facts. */
const LOOK = `SELECT f.* FROM unnest($1::text[], $2::text[]) AS asked (kind, subject) CROSS JOIN LATERAL (
    SELECT ${FACT} FROM hsm_enroll.fact WHERE kind = asked.kind AND subject = asked.subject ORDER BY fact.id DESC LIMIT ${HISTORY_LIMIT}) AS f
  UNION ALL SELECT fence, '${AS_CLAIM}', name, run, intent, ${iso('time')} FROM hsm_enroll.claim WHERE name = ANY ($3::text[])
  UNION ALL SELECT 0, '${AS_TIME}', '', '', '', ${iso('clock_timestamp()')}`

/**
 * For `Transactions.write`, behind its own clause: in the order of names, so that two do not wait for each other. What was claimed before
 * is seen as it was when the statement began: what has been given back and granted since is in both. What one wants does not depend on
 * what others get.
 */
const TAKE = `, wish AS (
    SELECT * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[]) AS wish (who, ${WISH_COLUMNS.join(', ')})),
  granted AS (
    INSERT INTO hsm_enroll.claim (name, run, intent) SELECT name, run, intent FROM wish ORDER BY name
    ON CONFLICT (name) DO NOTHING RETURNING name, run, intent, fence, time),
  held AS (
    SELECT * FROM granted
    UNION ALL SELECT name, run, intent, fence, time FROM hsm_enroll.claim
      WHERE name = ANY ($3::text[]) AND name NOT IN (SELECT name FROM granted)),
  recorded AS (
    INSERT INTO hsm_enroll.fact (${FACT_COLUMNS.join(', ')})
    SELECT ${FACT_COLUMNS.join(', ')} FROM unnest($6::int[], ${Object.values(FACT_TYPES)
      .map((type, index) => `$${7 + index}::${type}[]`)
      .join(', ')}) AS fact (who, ${FACT_COLUMNS.join(', ')})
    WHERE NOT EXISTS (SELECT FROM wish WHERE wish.who = fact.who
      AND NOT EXISTS (SELECT FROM held WHERE held.name = wish.name AND held.run = wish.run))
    ON CONFLICT DO NOTHING)
  SELECT ${CLAIM} FROM held`

/** What the database cannot hold, or would change: two names would become one. */
function plain(text: string): string {
  if (text.includes('\0') || Buffer.from(text).toString() !== text) throw new Error('a name that is not text')
  return text
}

const grantedToAnother = (name: string, login: string): EnrollError =>
  new EnrollError('ledger.login', `Could not give back the claim on ${name}: it was granted to the login "${login}".`, {
    remedy: 'Repeat the command with that login, or with the one of a broker.',
  })
