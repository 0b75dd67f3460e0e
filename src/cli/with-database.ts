import type { Configuration } from '../config/configuration.ts'
import { EnrollError, type ExitCode } from '../errors.ts'
import type { PostgresqlLedger } from '../ledger/postgresql/postgresql-ledger.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configureState } from './configure.ts'

/** Gives the ledger in the database to a command that only a database has. Throws EnrollError `config.missing` where it is a folder. */
export async function withDatabase(
  args: Arguments,
  context: CommandContext,
  action: (ledger: PostgresqlLedger, configuration: Configuration) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { databaseLedger } = await import('../enrollment/configured-ledger.ts')
  const { secretReading } = await import('./services.ts')
  const configuration = await configureState(args, context)
  const ledger = databaseLedger(configuration, secretReading(context))
  if (ledger === undefined)
    throw new EnrollError('config.missing', 'Could not start: "ledger.url" is not set (the ledger is a folder).', {
      remedy: 'Add ledger.url to the configuration or the profile (--profile), or set HSM_ENROLL_LEDGER_URL.',
    })
  try {
    return await action(ledger, configuration)
  } finally {
    await ledger.close()
  }
}
