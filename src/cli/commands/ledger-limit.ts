import { EnrollError, EXIT } from '../../errors.ts'
import { accountName } from '../../ledger/fact.ts'
import type { AccountLimits, AccountState, NewLimits } from '../../ledger/postgresql/account-limits.ts'
import type { Arguments, Command } from '../command.ts'
import { CA_OPTIONS, STATE_PROFILE_OPTIONS } from '../configure.ts'
import { withDatabase } from '../with-database.ts'

/** Option -> what it limits. `none` takes a limit away. */
// biome-ignore format: a table
const LIMITS: readonly (readonly [option: string, name: keyof AccountLimits, form: RegExp, describe: string])[] = [
  ['orders-per-day',   'ordersPerDay',   /^\d{1,6}$/,             'orders a day (UTC) of all hosts together, or none'],
  ['orders-per-month', 'ordersPerMonth', /^\d{1,6}$/,             'orders a month, or none'],
  ['amount-per-day',   'amountPerDay',   /^\d{1,10}(\.\d{1,2})?$/, 'what they may cost a day, e.g. 500.00, or none'],
  ['amount-per-month', 'amountPerMonth', /^\d{1,10}(\.\d{1,2})?$/, 'what they may cost a month, or none'],
  ['assumed-price',    'assumedPrice',   /^\d{1,10}(\.\d{1,2})?$/, 'what an order counts as until the CA has said what it costs'],
]

export const limit: Command = {
  command: 'limit',
  summary: 'what all hosts together may order from the account, and what was used of it',
  options: {
    ...STATE_PROFILE_OPTIONS,
    endpoint: CA_OPTIONS.endpoint,
    ...Object.fromEntries(LIMITS.map(([option, , , describe]) => [option, { type: 'string', describe }])),
  },
  examples: [
    ['$0 ledger limit', 'shows them'],
    ['$0 ledger limit --orders-per-day 20', 'as the owner of the schema (see `ledger migrate`)'],
  ],
  run: (args, context) =>
    withDatabase(args, context, async (ledger, configuration) => {
      const { accountState, setLimits } = await import('../../ledger/postgresql/account-limits.ts')
      const endpoint = accountName(configuration.required('sectigo.endpoint'))
      await ledger.id()
      await setLimits(ledger.transactions, endpoint, limitsIn(args))
      const state = await accountState(ledger.transactions, endpoint)
      context.output.result(state, () => stateToText(state))
      return EXIT.done
    }),
}

function limitsIn(args: Arguments): NewLimits {
  const limits: Partial<Record<keyof AccountLimits, string | null>> = {}
  for (const [option, name, form] of LIMITS) {
    const value = args.text(option)
    if (value === undefined) continue
    if (value !== 'none' && !form.test(value))
      throw new EnrollError('usage', `--${option} is neither a number nor "none".`, {
        remedy: `Write for example --${option} 20.`,
      })
    limits[name] = value === 'none' ? null : value
  }
  return limits
}

function stateToText({ endpoint, limits, used, open }: AccountState): string {
  const line = (name: keyof AccountState['used'], words: string): string =>
    `${words.padEnd(18)}${used[name]} of ${limits[name] ?? 'any'}`
  return [
    `account           ${endpoint}`,
    line('ordersPerDay', 'orders today'),
    line('ordersPerMonth', 'orders this month'),
    line('amountPerDay', 'charged today'),
    line('amountPerMonth', 'charged this month'),
    `assumed price     ${limits.assumedPrice ?? 'none'}`,
    `outcome not known ${open}`,
  ].join('\n')
}
