import type { Transactions } from './transactions.ts'

/** What all hosts together may order from an account; null: no limit. Amounts as the CA writes them: "19.00". */
export interface AccountLimits {
  readonly ordersPerDay: number | null
  readonly ordersPerMonth: number | null
  readonly amountPerDay: string | null
  readonly amountPerMonth: string | null
  /** What an order counts as until the CA has said what it costs. */
  readonly assumedPrice: string | null
}

/** As they are set; null takes a limit away. */
export type NewLimits = Readonly<Partial<Record<keyof AccountLimits, string | number | null>>>

/** Limits, and what was used of them since the day and the month began (UTC). */
export interface AccountState {
  readonly endpoint: string
  readonly limits: AccountLimits
  readonly used: { readonly [K in Exclude<keyof AccountLimits, 'assumedPrice'>]: number | string }
  /** Orders of which nobody knows yet, or ever, whether the CA has them. */
  readonly open: number
}

/** Setting -> column: the one place that joins the two. */
const COLUMNS = {
  ordersPerDay: 'orders_per_day',
  ordersPerMonth: 'orders_per_month',
  amountPerDay: 'amount_per_day',
  amountPerMonth: 'amount_per_month',
  assumedPrice: 'assumed_price',
} as const satisfies Record<keyof AccountLimits, string>

/** Sets those that are given, for the account at an endpoint; the owner of the schema alone may. Throws EnrollError `ledger.…`. */
export async function setLimits(transactions: Transactions, endpoint: string, limits: NewLimits): Promise<void> {
  const given = Object.entries(COLUMNS).filter(([name]) => name in limits)
  if (given.length === 0) return
  const values = given.map(([name]) => limits[name as keyof AccountLimits] ?? null)
  const columns = given.map(([, column]) => column)
  await transactions.run(async (statements) => {
    await statements.query(
      `INSERT INTO hsm_enroll.account (endpoint, ${columns.join(', ')})
       VALUES ($1, ${columns.map((_, index) => `$${index + 2}`).join(', ')})
       ON CONFLICT (endpoint) DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
      [endpoint, ...values],
    )
  })
}

/** Throws EnrollError `ledger.…`. */
export async function accountState(transactions: Transactions, endpoint: string): Promise<AccountState> {
  const [limits] = await transactions.read<AccountLimits>(
    `SELECT ${Object.entries(COLUMNS)
      .map(([name, column]) => `${column} AS "${name}"`)
      .join(', ')} FROM hsm_enroll.account WHERE endpoint = $1`,
    [endpoint],
  )
  const [row] = await transactions.read<AccountState['used'] & { readonly open: number }>(
    `SELECT count(*) FILTER (WHERE this_month)::int AS "ordersPerMonth", count(*) FILTER (WHERE today)::int AS "ordersPerDay",
       coalesce(sum(amount) FILTER (WHERE this_month), 0)::numeric(14, 2) AS "amountPerMonth",
       coalesce(sum(amount) FILTER (WHERE today), 0)::numeric(14, 2) AS "amountPerDay",
       count(*) FILTER (WHERE state = 'open')::int AS open
     FROM (SELECT state, coalesce(charged, expected) AS amount, time >= date_trunc('day', clock_timestamp(), 'UTC') AS today,
       time >= date_trunc('month', clock_timestamp(), 'UTC') AS this_month
       FROM hsm_enroll.reservation WHERE endpoint = $1 AND state <> 'none') AS r`,
    [endpoint],
  )
  if (row === undefined) throw new Error('no row')
  const { open, ...used } = row
  return { endpoint, limits: limits ?? NO_LIMITS, used, open }
}

const NO_LIMITS: AccountLimits = {
  ordersPerDay: null,
  ordersPerMonth: null,
  amountPerDay: null,
  amountPerMonth: null,
  assumedPrice: null,
}
