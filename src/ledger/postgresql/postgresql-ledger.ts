import { EnrollError } from '../../errors.ts'
import { once } from '../../once.ts'
import type { Fact, FactKind, RecordedFact } from '../fact.ts'
import { type Claim, HISTORY_LIMIT, type Ledger } from '../ledger.ts'
import { ledgerDamaged } from '../ledger-error.ts'
import type { DatabaseOptions } from './connection.ts'
import { requireSchema } from './schema.ts'
import { type Statements, Transactions } from './transactions.ts'

/** Subjects that are read at once: a ledger may have more than fit into memory. */
const PAGE = 500
/** As in a folder: a longer fact is a defect of ours. */
const MAX_FACT = 16 * 1024

/**
 * The ledger in a database that many hosts share. Connects when it is first used; what it throws beside `ledger.damaged` are
 * `ledger.unreachable`, `ledger.login`, `ledger.tls`, `ledger.schema` (nothing was written) and `ledger.in-doubt`.
 */
export class PostgresqlLedger implements Ledger {
  /** Of this host's view on the database: for what stands beside facts and claims. */
  readonly transactions: Transactions
  /** The schema is looked at once. */
  readonly #usable = once(() => requireSchema(this.transactions))

  constructor(options: DatabaseOptions) {
    this.transactions = new Transactions(options)
  }

  /** Without a password. */
  get address(): string {
    return this.transactions.address
  }

  /** What tells this ledger from every other. */
  async id(): Promise<string> {
    const [row] = await this.#read<{ id: string }>('SELECT id FROM hsm_enroll.identity', [])
    if (row === undefined) throw ledgerDamaged(`the database ${this.address}`, 'has lost its identity')
    return row.id
  }

  /** Ends the connections. */
  close(): Promise<void> {
    return this.transactions.close()
  }

  async record(fact: Fact, past = false): Promise<void> {
    await this.#write((statements) => insertFact(statements, fact, past))
  }

  /**
   * The same for a fact of another ledger, which keeps its time. `origin` names it there: what was imported before is not imported
   * again. Returns whether it was new.
   */
  importFact({ time, ...fact }: RecordedFact, origin: string): Promise<boolean> {
    return this.#write((statements) => insertFact(statements, fact, true, { saidAt: time, origin }))
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

  async now(): Promise<number> {
    const [row] = await this.#read<{ now: string }>(
      'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::text AS now',
      [],
    )
    return Number(row?.now)
  }

  claim(name: string, run: string, intent: string): Promise<Claim> {
    return this.#write(async (statements) => {
      for (;;) {
        const { rows: granted } = await statements.query<ClaimRow>(
          `INSERT INTO hsm_enroll.claim (name, run, intent) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING ${CLAIM}`,
          [plain(name), plain(run), plain(intent)],
        )
        const [mine] = granted
        if (mine !== undefined) return readClaim(mine)
        const { rows: taken } = await statements.query<ClaimRow>(
          `SELECT ${CLAIM} FROM hsm_enroll.claim WHERE name = $1`,
          [name],
        )
        // Given back in between: it is asked for again.
        if (taken[0] !== undefined) return readClaim(taken[0])
      }
    })
  }

  async claimOf(name: string): Promise<Claim | undefined> {
    const [row] = await this.#read<ClaimRow>(`SELECT ${CLAIM} FROM hsm_enroll.claim WHERE name = $1`, [plain(name)])
    return row === undefined ? undefined : readClaim(row)
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

async function insertFact(
  statements: Statements,
  fact: Fact,
  past: boolean,
  imported?: { readonly saidAt: string; readonly origin: string },
): Promise<boolean> {
  const body = JSON.stringify(fact)
  if (Buffer.byteLength(body) > MAX_FACT) throw new Error('a fact is too long for a row')
  // A rehearsal costs nothing, and counts for nothing.
  const order = fact.kind === 'order' && !fact.test ? fact : undefined
  const { rowCount } = await statements.query(
    `INSERT INTO hsm_enroll.fact (kind, subject, run, entry, body, said_at, imported, status, endpoint, amount, past)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
    [
      ...[fact.kind, plain(fact.subject), plain(fact.run), fact.entry, body, imported?.saidAt, imported?.origin],
      ...[order?.status, order?.endpoint, amountOf(order?.amount), past],
    ],
  )
  return rowCount === 1
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

const CLAIM = `name, run, intent, fence::text AS fence,
  to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time`

type ClaimRow = Claim

const readClaim = ({ name, run, intent, fence, time }: ClaimRow): Claim => ({ name, run, intent, fence, time })

/** What the database cannot hold, or would change: two names would become one. */
function plain(text: string): string {
  if (text.includes('\0') || Buffer.from(text).toString() !== text) throw new Error('a name that is not text')
  return text
}

const grantedToAnother = (name: string, login: string): EnrollError =>
  new EnrollError('ledger.login', `Could not give back the claim on ${name}: it was granted to the login "${login}".`, {
    remedy: 'Repeat the command with that login, or with the one of a broker.',
  })
