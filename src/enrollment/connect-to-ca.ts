import type { Configuration } from '../config/configuration.ts'
import type { SecretReading } from '../config/secret-source.ts'
import { accountName } from '../ledger/fact.ts'
import { PostgresqlLedger } from '../ledger/postgresql/postgresql-ledger.ts'
import type { CertificateAuthority } from '../sectigo/certificate-authority.ts'
import { filePollSchedule } from '../sectigo/collection/file-poll-schedule.ts'
import { createSectigo } from '../sectigo/sectigo.ts'
import { clientOptions } from './ca-client.ts'
import { databasePollSchedule } from './database-poll-schedule.ts'
import type { EnrollmentServices } from './services.ts'

/** The CA as a run sees it, with a poll schedule that outlives the process: on disk, or in the database that hosts share. */
export function openCertificateAuthority(
  configuration: Configuration,
  reading: SecretReading,
  { stateDirectory, ledger, now }: Pick<EnrollmentServices, 'stateDirectory' | 'ledger' | 'now'>,
  onTrace?: (line: string) => void,
): CertificateAuthority {
  const endpoint = configuration.text('sectigo.collectEndpoint')
  const floor = configuration.integer('sectigo.pollSeconds')
  return createSectigo({
    ...clientOptions(configuration, reading, onTrace),
    foreignOrderNumber: configuration.flag('sectigo.foreignOrderNumber'),
    collection: {
      schedule:
        ledger instanceof PostgresqlLedger
          ? databasePollSchedule(ledger.transactions, accountName(configuration.required('sectigo.endpoint')), now)
          : filePollSchedule(stateDirectory),
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(floor === undefined ? {} : { floor: floor * 1000 }),
    },
  })
}
