import type { LedgerCheck } from '../../enrollment/rebuild-ledger.ts'
import { EnrollError, EXIT, type ExitCode } from '../../errors.ts'
import type { DatabaseStatus } from '../../ledger/postgresql/database-status.ts'
import type { PostgresqlLedger } from '../../ledger/postgresql/postgresql-ledger.ts'
import { printable } from '../../printable.ts'
import type { Command, CommandContext, CommandGroup } from '../command.ts'
import { configureState, STATE_PROFILE_OPTIONS } from '../configure.ts'
import { createServices } from '../services.ts'
import { withDatabase } from '../with-database.ts'
import { limit } from './ledger-limit.ts'

const check: Command = {
  command: 'check',
  summary: 'hold the ledger against the journals of all runs',
  options: STATE_PROFILE_OPTIONS,
  run: async (args, context) => {
    const { peekLedger } = await import('../../enrollment/open-ledger.ts')
    const { checkLedger } = await import('../../enrollment/rebuild-ledger.ts')
    const { checkBinding } = await import('../../enrollment/bound-ledger.ts')
    const { PostgresqlLedger } = await import('../../ledger/postgresql/postgresql-ledger.ts')
    const { ledger, ...services } = createServices(await configureState(args, context), context, false)
    if (ledger instanceof PostgresqlLedger) await checkBinding(ledger, services.stateDirectory)
    const result = await checkLedger(peekLedger({ ...services, ledger }), services.stateDirectory)
    context.output.result(result, () => toText(result, []))
    return exitOf(result)
  },
}

const rebuild: Command = {
  command: 'rebuild',
  summary: 'make the ledger whole again from the journals, and say where they disagree',
  options: STATE_PROFILE_OPTIONS,
  run: async (args, context) => {
    const { mendLedger } = await import('../../enrollment/open-ledger.ts')
    const services = createServices(await configureState(args, context), context, false)
    const result = await mendLedger(services)
    context.output.result(result, () =>
      toText(result, [
        ...result.damaged.map((file) => `was damaged, and is kept beside the ledger: ${file}`),
        `facts and claims added from the journals: ${result.added}`,
      ]),
    )
    return exitOf(result)
  },
}

const status: Command = {
  command: 'status',
  summary: 'what the database of the ledger is, and whether it can be used',
  options: STATE_PROFILE_OPTIONS,
  run: (args, context) => withDatabase(args, context, (ledger) => showStatus(ledger, context)),
}

const migrate: Command = {
  command: 'migrate',
  summary: 'bring the schema of the database to this version; hosts and brokers may go on working',
  options: STATE_PROFILE_OPTIONS,
  examples: [
    [
      '$0 ledger migrate',
      'as the owner of the schema, whose login no host has: HSM_ENROLL_LEDGER_USER=owner, HSM_ENROLL_LEDGER_PASSWORD=prompt',
    ],
  ],
  run: (args, context) =>
    withDatabase(args, context, async (ledger) => {
      const { migrate } = await import('../../ledger/postgresql/migrate.ts')
      const steps = await migrate(ledger.transactions)
      for (const { version, what } of steps) context.output.progress(`schema version ${version}: ${what}`)
      return showStatus(ledger, context)
    }),
}

async function showStatus({ transactions }: PostgresqlLedger, context: CommandContext): Promise<ExitCode> {
  const { databaseStatus } = await import('../../ledger/postgresql/database-status.ts')
  const found = await databaseStatus(transactions)
  context.output.result(found, () => statusToText(found))
  return found.schema.usable ? EXIT.done : EXIT.refused
}

const sync: Command = {
  command: 'sync',
  summary: 'bring what the journals of this host know to the database, after it was away or restored',
  options: STATE_PROFILE_OPTIONS,
  run: (args, context) =>
    withDatabase(args, context, async (ledger, configuration) => {
      const { syncLedger } = await import('../../enrollment/sync-ledger.ts')
      const result = await syncLedger(ledger, configuration.required('stateDirectory'))
      context.output.result(result, () => toText(result, syncLines(result)))
      return exitOf(result)
    }),
}

const importFolder: Command = {
  command: 'import <directory>',
  summary: 'move the ledger of a state folder into the database',
  positionals: {
    directory: { type: 'string', describe: 'the state folder; the database is that of the configuration' },
  },
  options: { profile: STATE_PROFILE_OPTIONS.profile },
  run: (args, context) =>
    withDatabase(args, context, async (ledger) => {
      const { resolve } = await import('node:path')
      const { importLedger } = await import('../../enrollment/import-ledger.ts')
      const directory = resolve(context.cwd, args.required('directory'))
      const result = await importLedger(ledger, directory).catch((cause: unknown) => {
        if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw cause
        throw new EnrollError('usage', `There is no state folder ${directory}.`, { remedy: 'Correct the path.', cause })
      })
      context.output.result(result, () =>
        toText(result, [`facts imported from the folder: ${result.imported}`, ...syncLines(result)]),
      )
      return exitOf(result)
    }),
}

const exitOf = ({ disagreements }: LedgerCheck): ExitCode => (disagreements.length === 0 ? EXIT.done : EXIT.refused)

const syncLines = ({ added, released }: { readonly added: number; readonly released: number }): readonly string[] => [
  `facts and claims added from the journals: ${added}`,
  `claims given back, because their order is known to be over: ${released}`,
]

const statusToText = (found: DatabaseStatus): string =>
  [
    `ledger    ${found.address}, as ${printable(found.login)}, ${found.encrypted ? 'encrypted' : 'not encrypted'}`,
    `server    PostgreSQL ${printable(found.server)}${found.durable ? '' : '; it does not write to disk before it confirms (fsync, full_page_writes)'}`,
    `schema    version ${found.schema.version}, needed is ${found.schema.needed}${found.schema.usable ? '' : '; run `hsm-enroll ledger migrate`'}`,
    ...(found.facts === undefined ? [] : [`holds     facts ${found.facts}, claims ${found.claims ?? 0}`]),
  ].join('\n')

const toText = ({ runs, disagreements }: LedgerCheck, lines: readonly string[]): string =>
  [
    ...lines,
    ...disagreements.map(({ run, kind, detail }) => `run ${run}: ${WORDS[kind]}: ${detail}`),
    `runs looked at: ${runs}; disagreements: ${disagreements.length}`,
  ].join('\n')

const WORDS: Readonly<Record<LedgerCheck['disagreements'][number]['kind'], string>> = {
  missing: 'the ledger lacks what the journal says',
  lost: 'the journal has lost what the ledger says',
  unreadable: 'the journal cannot be read',
  claim: 'the journal says that the run holds this, the ledger does not',
}

export const ledger: CommandGroup = {
  name: 'ledger',
  summary: 'what outlives runs: places, keys, orders, certificates',
  commands: [check, rebuild, status, migrate, sync, importFolder, limit],
}
